// The text of an upload → rows of 500 at a time, by their place alone: the same body always gives the same rows, however it was cut on its way.
import { type Failure, refused } from '../base/failure.ts';
import type { Content, Row } from '../contract/record.ts';
import { CHUNK_MAX_ROWS } from '../contract/record.ts';
import { MESSAGE_MAX_BYTES } from '../contract/request.ts';
import { type ColumnNames, STREAM_MAX_ROWS } from '../contract/stream.ts';
import type { LeftOut } from '../ledger/port.ts';
import { type CsvRecord, createCsvReader } from './csv.ts';
import { type ContentCheck, checkMessage, duplicateOf, type Fault } from './rows.ts';
import { createSeenNumbers } from './seen-numbers.ts';

export type StreamFormat = 'csv' | 'ndjson';

/** Consecutive rows, and what is wrong with those that are no items. */
export interface Block {
  from: number;
  rows: Row[];
  leftOut: LeftOut[];
}

export interface StreamRowsOptions {
  format: StreamFormat;
  columns: ColumnNames;
  content: Content;
  check: ContentCheck;
}

export interface StreamRows {
  /** Blocks that are full; with `last` also the rest. Throws `invalid_request` for a CSV whose first line cannot be used, `payload_too_large`. */
  take(text: string, last: boolean): Generator<Block>;
}

/** A message where it stands, or why there is none. */
interface Found {
  line: number;
  message: unknown;
  problem?: string;
}

export function createStreamRows({ format, columns, content, check }: StreamRowsOptions): StreamRows {
  const read = format === 'csv' ? csvMessages(columns) : ndjsonMessages();
  const seen = createSeenNumbers();
  let block: Block = { from: 0, rows: [], leftOut: [] };
  const place = ({ line, message, problem }: Found): void => {
    const index = block.from + block.rows.length;
    if (index >= STREAM_MAX_ROWS) throw tooMany();
    const row = problem === undefined ? checkMessage(message, content, check) : badLine(problem);
    const left = 'code' in row ? { code: row.code, message: row.message, of: null } : repeated(row[0], index);
    if (left) block.leftOut.push({ index, ...left, line });
    block.rows.push(left || 'code' in row ? 0 : row);
  };
  const repeated = (to: string, index: number) => {
    const of = seen.of(to, index);
    return of === undefined ? undefined : { ...duplicateOf(of), of };
  };
  const next = (): Block => {
    const full = block;
    block = { from: full.from + full.rows.length, rows: [], leftOut: [] };
    return full;
  };
  return {
    *take(text, last) {
      for (const found of read(text, last)) {
        place(found);
        if (block.rows.length === CHUNK_MAX_ROWS) yield next();
      }
      if (last && block.rows.length > 0) yield next();
    },
  };
}

type Reader = (text: string, last: boolean) => Generator<Found>;

const badLine = (problem: string): Fault => ({
  field: '',
  code: 'invalid_line',
  message: problem,
});

const tooMany = (): Failure =>
  refused('payload_too_large', `A job has at most ${STREAM_MAX_ROWS} rows: post the rest as another.`);

/** The first line names the columns. */
function csvMessages(names: ColumnNames): Reader {
  const csv = createCsvReader();
  let columns: Columns | undefined;
  return function* read(text, last) {
    for (const record of csv.read(text, last)) {
      if (columns === undefined) columns = columnsOf(record, names);
      else yield messageOf(record, columns);
    }
    if (last && columns === undefined)
      throw badHeader(1, 'the body is empty; its first line names the columns');
  };
}

interface Columns {
  count: number;
  to: number;
  /** -1: there is none. */
  reference: number;
  variables: { at: number; name: string }[];
  named: boolean;
}

const MAX_COLUMNS = 256;

function columnsOf({ line, fields, problem }: CsvRecord, wanted: ColumnNames): Columns {
  if (fields === undefined) throw badHeader(line, problem ?? 'it cannot be read');
  const names = fields.map((name) => name.trim());
  if (names.length > MAX_COLUMNS) throw badHeader(line, `at most ${MAX_COLUMNS} columns`);
  const nameless = names.indexOf('');
  if (nameless >= 0) throw badHeader(line, `column ${nameless + 1} has no name`);
  if (names.some((name, at) => names.indexOf(name) !== at))
    throw badHeader(line, 'two columns have one name');
  const placeOf = (name: string): number => {
    const at = names.indexOf(name);
    if (at < 0) throw badHeader(line, `no column is named "${name.slice(0, 64)}"`);
    return at;
  };
  const to = placeOf(wanted.to);
  const reference = wanted.reference === 'reference' ? names.indexOf('reference') : placeOf(wanted.reference);
  const others = [...names.keys()].filter((at) => at !== to && at !== reference);
  const variables = (wanted.variables?.map(placeOf) ?? others).map((at) => ({ at, name: names[at] ?? '' }));
  return { count: names.length, to, reference, variables, named: wanted.named };
}

const badHeader = (line: number, message: string): Failure =>
  refused('invalid_request', `The first line of the CSV cannot be used: ${message}`, [
    { path: `lines[${line}]`, code: 'invalid_header', message },
  ]);

function messageOf({ line, fields, problem }: CsvRecord, columns: Columns): Found {
  if (fields === undefined) return { line, message: undefined, problem: problem ?? 'it cannot be read' };
  const { count, to, reference, variables, named } = columns;
  if (fields.length !== count)
    return {
      line,
      message: undefined,
      problem: `fields: ${fields.length}; the first line names ${count} columns`,
    };
  const message: { to: string; variables?: unknown; reference?: string } = { to: fields[to] ?? '' };
  if (variables.length > 0)
    message.variables = named
      ? Object.fromEntries(variables.map(({ at, name }) => [name, fields[at] ?? '']))
      : variables.map(({ at }) => fields[at] ?? '');
  const own = fields[reference];
  if (own !== undefined && own !== '') message.reference = own;
  return { line, message };
}

/** One JSON object a line; empty lines are skipped. */
function ndjsonMessages(): Reader {
  let rest = '';
  let line = 0;
  let skipping = false;
  return function* read(text, last) {
    rest += text;
    let at = 0;
    for (;;) {
      const found = rest.indexOf('\n', at);
      if (found < 0 && !(last && at < rest.length)) break;
      const end = found < 0 ? rest.length : found;
      const own = rest.slice(at, end).trim();
      at = end + 1;
      line += 1;
      if (!skipping && own !== '') yield messageOfLine(own, line);
      skipping = false;
    }
    rest = rest.slice(at);
    if (last || rest.length <= LINE_MAX_CHARACTERS) return;
    if (!skipping) yield { line: line + 1, message: undefined, problem: TOO_LONG };
    skipping = true;
    rest = '';
  };
}

/** White space may stand between the parts of a message; more than this is no message. */
const LINE_MAX_CHARACTERS = 2 * MESSAGE_MAX_BYTES;
const TOO_LONG = `the line must be at most ${LINE_MAX_CHARACTERS} characters`;

function messageOfLine(own: string, line: number): Found {
  if (own.length > LINE_MAX_CHARACTERS) return { line, message: undefined, problem: TOO_LONG };
  try {
    return { line, message: JSON.parse(own) as unknown };
  } catch {
    return { line, message: undefined, problem: 'the line is not valid JSON' };
  }
}
