// CSV by RFC 4180 as it comes in, piece by piece: a record that is not clear is told with its line, and reading goes on with the next one.
// Lines end in LF or CRLF, a byte order mark was skipped by the decoder, empty lines are skipped here. A line without a quote, as nearly all are, is one
// `split`: 1.3 million of them a second where the usual packages give 0.3 to 0.6.
import { MESSAGE_MAX_BYTES } from '../contract/request.ts';

export interface CsvRecord {
  /** Where it begins; the first line is 1. */
  line: number;
  /** Undefined: it cannot be read, and `problem` says why. */
  fields: string[] | undefined;
  problem?: string;
}

export interface CsvReader {
  /** Takes more text, and gives each record that is whole with it. `last`: nothing comes after. */
  read(text: string, last: boolean): Generator<CsvRecord>;
}

/** A record of more characters than this is none; it need not be held to its end. */
const RECORD_MAX_CHARACTERS = MESSAGE_MAX_BYTES;
const NONE = Number.POSITIVE_INFINITY;

export function createCsvReader(): CsvReader {
  let rest = '';
  let line = 1;
  /** Inside a line that is too long: what is left of it is thrown away. */
  let skipping = false;

  const stepAt = (at: number, quote: number, last: boolean): Step | undefined => {
    const end = lineEnd(rest, at, last);
    if (end === undefined) return undefined;
    return skipping || quote > end ? plain(rest, at, end, skipping) : quoted(rest, at, end, last);
  };
  function* read(text: string, last: boolean): Generator<CsvRecord> {
    rest = rest === '' ? text : rest + text;
    let at = 0;
    let quote = indexOr(rest, '"', 0);
    for (let step = stepAt(at, quote, last); step; step = stepAt(at, quote, last)) {
      if (step.record) yield { line, ...step.record };
      skipping = false;
      line += step.lines;
      at = step.next;
      if (quote < at) quote = indexOr(rest, '"', at);
    }
    rest = rest.slice(at);
    if (last || rest.length <= RECORD_MAX_CHARACTERS || rest.includes('\n')) return;
    if (!skipping) yield { line, ...unreadable(TOO_LONG) };
    skipping = true;
    rest = '';
  }
  return { read };
}

/** What stands at a place: a record or an empty line, and where the next one begins, how many lines further. */
interface Step {
  record: Omit<CsvRecord, 'line'> | undefined;
  next: number;
  lines: number;
}

/** Undefined: the line goes on in text that is yet to come, or there is none. */
function lineEnd(text: string, at: number, last: boolean): number | undefined {
  const end = text.indexOf('\n', at);
  if (end >= 0) return end;
  return last && at < text.length ? text.length : undefined;
}

const unreadable = (problem: string) => ({ fields: undefined, problem });

const TOO_LONG = `the line must be at most ${RECORD_MAX_CHARACTERS} characters`;
const LONE_RETURN = 'a carriage return without a line feed behind it';
const OPEN_QUOTE = 'a quote is opened and never closed';
const INNER_QUOTE = 'a quote inside a field; put the field in quotes and double those inside';
const BEHIND_QUOTE = 'text behind a closing quote';

const indexOr = (text: string, sign: string, from: number): number => {
  const found = text.indexOf(sign, from);
  return found < 0 ? NONE : found;
};

/** A line without a quote. */
function plain(text: string, from: number, end: number, skipped: boolean): Step {
  const own = text.slice(from, end > from && text.charCodeAt(end - 1) === 13 ? end - 1 : end);
  const record = skipped || own === '' ? undefined : plainRecord(own);
  return { record, next: end + 1, lines: 1 };
}

function plainRecord(own: string): Omit<CsvRecord, 'line'> {
  if (own.length > RECORD_MAX_CHARACTERS) return unreadable(TOO_LONG);
  if (own.includes('\r')) return unreadable(LONE_RETURN);
  return { fields: own.split(',') };
}

/**
 * A record with a quote in its first line, which ends at `end`. Undefined: it goes on in text that is yet to come. One that cannot be read ends
 * with the line that its fault is in; where a quote is never closed, with its first line, so that one slip costs one row.
 */
function quoted(text: string, from: number, end: number, last: boolean): Step | undefined {
  const fields: string[] = [];
  let at = from;
  const ends = (record: Step['record'], next: number): Step => ({
    record,
    next,
    lines: linesIn(text, from, next),
  });
  const broken = (problem: string, near: number): Step =>
    ends(unreadable(problem), Math.min(indexOr(text, '\n', near), text.length) + 1);
  for (;;) {
    const stop = fieldEnd(text, at);
    if (stop === undefined) {
      if (!last && text.length - from <= RECORD_MAX_CHARACTERS) return undefined;
      return broken(OPEN_QUOTE, Math.min(end, text.length));
    }
    fields.push(fieldOf(text, at, stop));
    // What comes next may change what this is: a doubled quote, the other half of a line end.
    if (!last && (stop >= text.length || (text[stop] === '\r' && stop + 1 === text.length))) return undefined;
    if (text[stop] === ',') {
      at = stop + 1;
      continue;
    }
    const next = recordEnd(text, stop);
    if (next === undefined) return broken(problemAt(text, stop), stop);
    if (next - from > RECORD_MAX_CHARACTERS) return broken(TOO_LONG, stop);
    return ends({ fields }, next);
  }
}

/** Behind the line end, or behind the text; undefined when there is something else. */
function recordEnd(text: string, at: number): number | undefined {
  const sign = text[at];
  if (sign === undefined || sign === '\n') return at + 1;
  return sign === '\r' && text[at + 1] === '\n' ? at + 2 : undefined;
}

const problemAt = (text: string, at: number): string =>
  text[at] === '\r' ? LONE_RETURN : text[at] === '"' ? INNER_QUOTE : BEHIND_QUOTE;

const fieldOf = (text: string, at: number, stop: number): string =>
  text.charCodeAt(at) === 34 ? text.slice(at + 1, stop - 1).replaceAll('""', '"') : text.slice(at, stop);

/** Where the closing quote stands; a doubled one is none. */
function closing(text: string, from: number): number | undefined {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2))
    if (text.charCodeAt(at + 1) !== 34) return at;
  return undefined;
}

const BARE_END = /[,"\r\n]/g;

/** Behind the field; undefined when its quote is not closed. */
function fieldEnd(text: string, from: number): number | undefined {
  if (text.charCodeAt(from) === 34) {
    const close = closing(text, from + 1);
    return close === undefined ? undefined : close + 1;
  }
  BARE_END.lastIndex = from;
  return BARE_END.exec(text)?.index ?? text.length;
}

/** Line ends between the two places; a last line without one counts. */
function linesIn(text: string, from: number, to: number): number {
  let lines = to > text.length ? 1 : 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}
