// Messages → rows: what stays of each, and what is wrong with it. Written by hand because there are 10,000 of them (zod: 17 to 27 ms),
// just as strict. In slices, so that the event loop breathes. A message here never repeats the number itself.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { normalisePhone, samePhone } from '../contract/phone.ts';
import { MAX_DETAILS } from '../contract/problem.ts';
import type { Content, Row, Variables } from '../contract/record.ts';
import {
  byteSize,
  detailsOf,
  MESSAGE_MAX_BYTES,
  REFERENCE_MAX,
  templateSchema,
  textSchema,
} from '../contract/request.ts';
import type { LeftOut } from '../ledger/port.ts';
import { createFirstSeen } from './first-seen.ts';

/** 0.1 ms of work; 15 ms when every message brings a faulty content of its own. */
const SLICE_ROWS = 2_500;
/** A character takes at most six bytes as JSON (`\u0000`), so a row of fewer characters needs no exact count. */
const SURELY_SMALL = MESSAGE_MAX_BYTES / 8;

export interface RowProblem {
  index: number;
  /** Inside the message: `to`, `template.name`; empty for the message itself. */
  field: string;
  code:
    | 'invalid_recipient'
    | 'invalid_message'
    | 'invalid_contact'
    | 'variables_missing'
    | 'variables_mismatch'
    | 'unknown_template'
    | 'invalid_line';
  message: string;
}

export interface CheckedRows {
  /** One for each message; 0 where it became no item. */
  rows: Row[];
  total: number;
  /** The first 100. */
  rejected: RowProblem[];
  rejectedCount: number;
  /** The first 100. */
  duplicates: { index: number; of: number }[];
  duplicateCount: number;
  /** All of both, by index. */
  leftOut: LeftOut[];
}

/** What the platform can say against a message before it is sent; `Platform.check` of platforms/port.ts. Runs for every row. */
export type ContentCheck = (
  content: Content,
  variables: Variables | undefined,
) =>
  | {
      code: 'invalid_content' | 'variables_missing' | 'variables_mismatch' | 'unknown_template';
      message: string;
      /** Where in the message, if not its variables. */
      field?: string;
    }
  | undefined;

export async function checkRows(
  messages: readonly unknown[],
  content: Content,
  check: ContentCheck,
): Promise<CheckedRows> {
  const found = noneChecked(messages.length);
  const seen = createFirstSeen(messages.length);
  for (let index = 0; index < messages.length; index += 1) {
    if (index % SLICE_ROWS === SLICE_ROWS - 1) await nextTurn();
    const row = checkMessage(messages[index], content, check);
    if ('code' in row) {
      noteRejected(found, index, row);
      continue;
    }
    const of = seen.of(samePhone(row[0]), index);
    if (of !== undefined) {
      noteDuplicate(found, index, of, duplicateOf(of).message);
      continue;
    }
    found.rows[index] = row;
    found.total += 1;
  }
  return found;
}

export const noneChecked = (count: number): CheckedRows => ({
  rows: new Array<Row>(count).fill(0),
  total: 0,
  rejected: [],
  rejectedCount: 0,
  duplicates: [],
  duplicateCount: 0,
  leftOut: [],
});

export function noteRejected(found: CheckedRows, index: number, problem: Fault): void {
  found.rejectedCount += 1;
  found.leftOut.push({ index, code: problem.code, message: problem.message, of: null, line: null });
  if (found.rejected.length < MAX_DETAILS) found.rejected.push({ index, ...problem });
}

/** Row `index` is row `of` again. */
export function noteDuplicate(found: CheckedRows, index: number, of: number, message: string): void {
  found.duplicateCount += 1;
  found.leftOut.push({ index, code: 'duplicate', message, of, line: null });
  if (found.duplicates.length < MAX_DETAILS) found.duplicates.push({ index, of });
}

/** How a row that repeats the number of another is listed. */
export const duplicateOf = (of: number) => ({
  code: 'duplicate',
  message: `the number of row ${of} again: it is sent once`,
});

export type Fault = Omit<RowProblem, 'index'>;
export type Filled = Exclude<Row, 0>;

const fault = (field: string, message: string, code: Fault['code'] = 'invalid_message'): Fault => ({
  field,
  code,
  message,
});

const NOT_A_NUMBER = fault(
  'to',
  'to must be a phone number with its country code, such as "+4915112345678"',
  'invalid_recipient',
);
const NOT_AN_OBJECT = fault('', 'the message must be an object');
const BAD_REFERENCE = fault('reference', `reference must be a text of at most ${REFERENCE_MAX} characters`);
const BAD_VARIABLES = fault(
  'variables',
  'variables must be a list of texts, or an object of texts named with letters, digits and "_"',
);
const TOO_LARGE = fault('', `the message must be at most ${MESSAGE_MAX_BYTES / 1024} KB as JSON`);
const NO_CONTENT = fault('', 'there is neither a template nor a text, here or for the whole job');
const TWO_CONTENTS = fault('text', 'give a template or a text, not both');

interface Fields {
  to?: unknown;
  variables?: unknown;
  reference?: unknown;
  template?: unknown;
  text?: unknown;
}

/** A field that no message has, `__proto__` among them; undefined when there is none. */
function unknownField(message: object): string | undefined {
  for (const field in message) if (!isKnown(field)) return field;
  return undefined;
}

const isKnown = (field: string): boolean =>
  field === 'to' ||
  field === 'variables' ||
  field === 'reference' ||
  field === 'template' ||
  field === 'text';

/** One message: the row that stays of it, or what is wrong with it. */
export function checkMessage(message: unknown, common: Content, check: ContentCheck): Filled | Fault {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return NOT_AN_OBJECT;
  const unknown = unknownField(message);
  if (unknown !== undefined) return fault(unknown.slice(0, 64), 'the message has a field that is not known');
  const { to, variables, reference, template, text } = message as Fields;
  const number = typeof to === 'string' ? normalisePhone(to) : undefined;
  if (number === undefined) return NOT_A_NUMBER;
  if (reference !== undefined && (typeof reference !== 'string' || reference.length > REFERENCE_MAX))
    return BAD_REFERENCE;
  const characters = variables === undefined ? 0 : charactersOf(variables);
  if (characters === undefined) return BAD_VARIABLES;
  const own = template === undefined && text === undefined ? undefined : ownContent(template, text);
  if (own !== undefined && 'code' in own) return own;
  return rowOf(number, variables as Variables | undefined, reference, own, common, check, characters);
}

function rowOf(
  to: string,
  variables: Variables | undefined,
  reference: string | undefined,
  own: Content | undefined,
  common: Content,
  check: ContentCheck,
  characters: number,
): Filled | Fault {
  const content = own ?? common;
  if (content.template === undefined && content.text === undefined) return NO_CONTENT;
  const row: Filled = own
    ? [to, variables ?? 0, reference ?? 0, own]
    : reference !== undefined
      ? [to, variables ?? 0, reference]
      : variables
        ? [to, variables]
        : [to];
  if ((own !== undefined || characters > SURELY_SMALL) && byteSize(row) > MESSAGE_MAX_BYTES) return TOO_LARGE;
  const problem = check(content, variables);
  if (problem === undefined) return row;
  const { code, message, field = 'variables' } = problem;
  return code === 'invalid_content' ? fault('', message) : fault(field, message, code);
}

/** Characters of all values and names, with two for the punctuation of each; undefined when these are no variables. */
function charactersOf(variables: unknown): number | undefined {
  if (typeof variables !== 'object' || variables === null) return undefined;
  let characters = 0;
  if (Array.isArray(variables)) {
    for (let i = 0; i < variables.length; i += 1) {
      const value: unknown = variables[i];
      if (typeof value !== 'string') return undefined;
      characters += value.length + 2;
    }
    return characters;
  }
  for (const name in variables) {
    const value = (variables as Record<string, unknown>)[name];
    if (typeof value !== 'string' || !isName(name)) return undefined;
    characters += name.length + value.length + 4;
  }
  return characters;
}

/**
 * Letters, digits and "_", as placeholders have them. Keeps out `__proto__`, which an assignment down the line would take for something
 * else, and names with escapes: V8's JSON.parse may misread those when an earlier name ended in a backslash.
 */
const isName = (name: string): boolean => name !== '__proto__' && /^[A-Za-z0-9_]{1,64}$/.test(name);

/** The content that a message brings itself, by the same schemas as the job's. */
function ownContent(template: unknown, text: unknown): Content | Fault {
  if (template !== undefined && text !== undefined) return TWO_CONTENTS;
  const field = template !== undefined ? 'template' : 'text';
  const parsed = template !== undefined ? templateSchema.safeParse(template) : textSchema.safeParse(text);
  if (parsed.success) return { [field]: parsed.data };
  const first = detailsOf(parsed.error)[0];
  const path = first?.path ? `${field}.${first.path}` : field;
  return fault(path, `${path}: ${first?.message ?? 'is not valid'}`);
}
