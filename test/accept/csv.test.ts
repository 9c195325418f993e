// The CSV of an upload: the same records however the text was cut, and one bad line costs one row.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CsvRecord, createCsvReader } from '../../src/accept/csv.ts';

function readAll(parts: readonly string[]): CsvRecord[] {
  const reader = createCsvReader();
  const records = parts.flatMap((part) => [...reader.read(part, false)]);
  return [...records, ...reader.read('', true)];
}

const fieldsOf = (text: string) => readAll([text]).map(({ line, fields }) => [line, fields]);

test('plain lines, CRLF, empty lines, quotes, quoted line ends, and a last line without an end', () => {
  expect(fieldsOf('a,b\r\n\r\n1,"x, ""y"""\n"two\nlines",\n,"q"')).toEqual([
    [1, ['a', 'b']],
    [3, ['1', 'x, "y"']],
    [4, ['two\nlines', '']],
    [6, ['', 'q']],
  ]);
});

test.each([
  ['a quote inside a field', 'x"y,1', /inside a field/],
  ['text behind a closing quote', '"x"y,1', /behind a closing quote/],
  ['a lone carriage return', 'x\ry,1', /carriage return/],
  ['a quote that is never closed', '"x,1', /never closed/],
  ['a line that is too long', `${'x'.repeat(40_000)},1`, /at most 32768/],
])('%s costs its own line only', (_, bad, problem) => {
  const [header, broken, good, ...others] = readAll([`a,b\n${bad}\n2,3\n`]);
  expect(header?.fields).toEqual(['a', 'b']);
  expect(broken).toMatchObject({ line: 2, fields: undefined });
  expect(broken?.problem).toMatch(problem);
  expect(good).toEqual({ line: 3, fields: ['2', '3'] });
  expect(others).toEqual([]);
});

test('a quote that is never closed does not swallow a long text', () => {
  const rows = Array.from({ length: 20_000 }, (_, i) => `${i},x`);
  const text = `a,b\n"open,1\n${rows.join('\n')}\n`;
  const slices = text.match(/[\s\S]{1,60000}/g) ?? [];
  const records = readAll(slices);
  expect(records.filter(({ fields }) => fields === undefined)).toHaveLength(1);
  expect(records).toHaveLength(20_002);
  expect(records.at(-1)).toEqual({ line: 20_002, fields: ['19999', 'x'] });
});

test('a line that never ends is thrown away as it comes', () => {
  const records = readAll(['a,b\n', ...Array.from({ length: 50 }, () => 'x'.repeat(60_000)), '\n1,2\n']);
  expect(records.map(({ line, fields }) => [line, fields])).toEqual([
    [1, ['a', 'b']],
    [2, undefined],
    [3, ['1', '2']],
  ]);
});

test('any table comes back, however it was cut', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ', 'ä'), maxLength: 6 });
  const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(table, fc.array(fc.nat(40), { maxLength: 8 }), fc.boolean(), (rows, cuts, crlf) => {
      const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
      const text = rows.map((row) => row.map(quoted).join(',') + (crlf ? '\r\n' : '\n')).join('');
      const places = [...new Set([0, ...cuts.filter((cut) => cut < text.length)])].sort((a, b) => a - b);
      const parts = places.map((from, i) => text.slice(from, places[i + 1]));
      expect(readAll(parts).map(({ fields }) => fields)).toEqual(rows);
    }),
    { numRuns: 2_000 },
  );
});
