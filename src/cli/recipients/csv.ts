// CSV by RFC 4180, strictly and in one pass: a file that is not clear is refused with its line, never guessed at.
// Lines end in LF or CRLF, a byte order mark is skipped, empty lines are too.

export interface CsvRecord {
  /** Where the record begins; the first line is 1. */
  line: number;
  fields: string[];
}

export class CsvProblem extends Error {
  readonly line: number;
  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.name = 'CsvProblem';
    this.line = line;
  }
}

/** Throws {@link CsvProblem}. */
export function parseCsv(text: string): CsvRecord[] {
  const reader: Reader = { text, at: text.startsWith('\uFEFF') ? 1 : 0, line: 1 };
  const records: CsvRecord[] = [];
  while (reader.at < text.length) {
    const { line } = reader;
    if (takeLineEnd(reader)) continue;
    records.push({ line, fields: takeRecord(reader) });
  }
  return records;
}

interface Reader {
  readonly text: string;
  at: number;
  line: number;
}

function takeRecord(reader: Reader): string[] {
  const fields: string[] = [];
  for (;;) {
    fields.push(reader.text[reader.at] === '"' ? takeQuoted(reader) : takeBare(reader));
    if (reader.at >= reader.text.length || takeLineEnd(reader)) return fields;
    if (reader.text[reader.at] !== ',') throw afterField(reader);
    reader.at += 1;
  }
}

function afterField({ text, at, line }: Reader): CsvProblem {
  if (text[at] === '\r') return new CsvProblem(line, 'a carriage return without a line feed behind it');
  return text[at] === '"'
    ? new CsvProblem(line, 'a quote inside a field; put the field in quotes and double those inside')
    : new CsvProblem(line, 'text behind a closing quote');
}

const BARE_END = /[,"\r\n]/g;

function takeBare(reader: Reader): string {
  const start = reader.at;
  BARE_END.lastIndex = start;
  reader.at = BARE_END.exec(reader.text)?.index ?? reader.text.length;
  return reader.text.slice(start, reader.at);
}

/** From its opening quote past its closing one; a doubled quote stands for one. */
function takeQuoted(reader: Reader): string {
  const { text, line } = reader;
  let value = '';
  for (let from = reader.at + 1; ; ) {
    const quote = text.indexOf('"', from);
    if (quote < 0) throw new CsvProblem(line, 'a quote is opened and never closed');
    const part = text.slice(from, quote);
    value += part;
    reader.line += linesIn(part);
    if (text[quote + 1] !== '"') {
      reader.at = quote + 1;
      return value;
    }
    value += '"';
    from = quote + 2;
  }
}

function linesIn(part: string): number {
  let lines = 0;
  for (let at = part.indexOf('\n'); at >= 0; at = part.indexOf('\n', at + 1)) lines += 1;
  return lines;
}

function takeLineEnd(reader: Reader): boolean {
  const { text, at } = reader;
  const length = text[at] === '\n' ? 1 : text.startsWith('\r\n', at) ? 2 : 0;
  reader.at += length;
  if (length > 0) reader.line += 1;
  return length > 0;
}
