// The CSV reader: RFC 4180, strictly, and whatever is written comes back.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CsvProblem, parseCsv } from '../../src/cli/recipients/csv.ts';
import { readRecipients } from '../../src/cli/recipients/messages.ts';

const fieldsOf = (text: string) => parseCsv(text).map(({ fields }) => fields);

const quoted = (field: string) => `"${field.replaceAll('"', '""')}"`;
const written = (field: string, always: boolean) =>
  always || /[",\r\n]/.test(field) ? quoted(field) : field;

const field = fc.string({
  unit: fc.constantFrom('a', 'é', '🙂', ',', '"', '\n', '\r', ' ', '+1'),
  maxLength: 12,
});

test('what was written comes back, however it was quoted and its lines ended', () => {
  const rows = fc.array(fc.array(fc.tuple(field, fc.boolean()), { minLength: 2, maxLength: 5 }), {
    maxLength: 8,
  });
  const ends = fc.constantFrom('\n', '\r\n');
  fc.assert(
    fc.property(rows, ends, fc.boolean(), (table, end, last) => {
      const lines = table.map((row) => row.map(([text, always]) => written(text, always)).join(','));
      const text = lines.join(end) + (last && lines.length > 0 ? end : '');
      expect(fieldsOf(text)).toEqual(table.map((row) => row.map(([value]) => value)));
    }),
    { numRuns: 2_000 },
  );
});

test('any text is read or refused, never anything else', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r'), maxLength: 40 });
  fc.assert(
    fc.property(text, (input) => {
      try {
        expect(parseCsv(input).every(({ fields }) => fields.length > 0)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(CsvProblem);
      }
    }),
    { numRuns: 5_000 },
  );
});

test('lines are counted through quoted fields and empty lines', () => {
  const records = parseCsv('a,b\r\n\r\n"1\n2",x\nlast,"y"');
  expect(records.map(({ line }) => line)).toEqual([1, 3, 5]);
});

test.each([
  ['a,"b', 'line 1: a quote is opened and never closed'],
  ['a\nb"c', 'line 2: a quote inside a field; put the field in quotes and double those inside'],
  ['"a"b', 'line 1: text behind a closing quote'],
  ['a\rb', 'line 1: a carriage return without a line feed behind it'],
])('%j is refused', (text, message) => {
  expect(() => parseCsv(text)).toThrow(message);
});

test('columns become messages: to, perhaps reference, the rest in order', () => {
  const { messages, lines } = readRecipients(
    '\uFEFFname,to,reference,order\nAna,+1650,r1,A-1\n\nBo,+1651,,A-2\n',
  );
  expect(messages).toEqual([
    { to: '+1650', variables: ['Ana', 'A-1'], reference: 'r1' },
    { to: '+1651', variables: ['Bo', 'A-2'] },
  ]);
  expect(lines).toEqual([2, 4]);
});

test('a file of numbers alone has no variables', () => {
  expect(readRecipients('to\n+1650').messages).toEqual([{ to: '+1650' }]);
});

test.each([
  ['', 'line 1: the file is empty; its first line names the columns: to, …'],
  ['to,x\n', 'line 1: there is no recipient below the column names'],
  ['phone\n+1', 'line 1: no column is named "to"'],
  ['to,to\n+1,+2', 'line 1: two columns are named "to"'],
  ['to,\n+1,x', 'line 1: column 2 has no name'],
  ['to,x\n+1,a\n+2', 'line 3: fields: 1; the first line names 2 columns'],
])('%j is refused', (text, message) => {
  expect(() => readRecipients(text)).toThrow(message);
});
