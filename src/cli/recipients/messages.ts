// A CSV of recipients → the messages of a bulk job. `to` is needed, `reference` may be there, every other column is a
// variable, in the order of the columns.
import { CsvProblem, parseCsv } from './csv.ts';

export interface Message {
  to: string;
  variables?: string[];
  reference?: string;
}

export interface Recipients {
  messages: Message[];
  /** The line of the file where each message stands, for what the API says about `messages[7]`. */
  lines: number[];
}

/** Throws {@link CsvProblem}. Whether a number is one, and how many a job may have, is for the API to say. */
export function readRecipients(text: string): Recipients {
  const [header, ...records] = parseCsv(text);
  if (!header) throw new CsvProblem(1, 'the file is empty; its first line names the columns: to, …');
  const columns = columnsOf(header.fields.map((name) => name.trim()));
  if (records.length === 0) throw new CsvProblem(header.line, 'there is no recipient below the column names');
  const messages = records.map(({ line, fields }) => {
    if (fields.length === columns.count) return messageOf(fields, columns);
    throw new CsvProblem(line, `fields: ${fields.length}; the first line names ${columns.count} columns`);
  });
  return { messages, lines: records.map(({ line }) => line) };
}

interface Columns {
  count: number;
  to: number;
  /** -1 when there is none. */
  reference: number;
  variables: number[];
}

function columnsOf(names: string[]): Columns {
  const nameless = names.indexOf('');
  if (nameless >= 0) throw new CsvProblem(1, `column ${nameless + 1} has no name`);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new CsvProblem(1, `two columns are named "${twice}"`);
  const to = names.indexOf('to');
  if (to < 0) throw new CsvProblem(1, 'no column is named "to"');
  const reference = names.indexOf('reference');
  const variables = [...names.keys()].filter((at) => at !== to && at !== reference);
  return { count: names.length, to, reference, variables };
}

function messageOf(fields: string[], { to, reference, variables }: Columns): Message {
  const message: Message = { to: fields[to] ?? '' };
  if (variables.length > 0) message.variables = variables.map((at) => fields[at] ?? '');
  const ownReference = fields[reference] ?? '';
  if (ownReference !== '') message.reference = ownReference;
  return message;
}
