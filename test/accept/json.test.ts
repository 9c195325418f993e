import { expect, test } from 'vitest';
import { parseJson } from '../../src/accept/json.ts';

const parse = (text: string): unknown => parseJson(Buffer.from(text));

test('what JSON says is what comes out', () => {
  for (const text of [
    '{"a":[1,{"b":"c:{[\\"\\\\"}]}',
    '[]',
    '"\\u00e9 \\ud83d\\ude00"',
    ' {"a" : null } ',
    '1',
  ])
    expect(parse(text)).toEqual(JSON.parse(text));
});

test.each([
  ['more than 64 levels', '['.repeat(65) + ']'.repeat(65), 'deeper'],
  [
    'more than 1,000 fields in one object',
    `{${Array.from({ length: 1_001 }, (_, i) => `"a${i}":1`)}}`,
    'fields',
  ],
  ['more than 100,000 objects', `[${Array.from({ length: 100_000 }, () => '{}')}]`, 'lists and objects'],
  ['a field __proto__', '{"a":{"__proto__":1}}', '__proto__'],
  ['the same in escapes', '{"a":[{"\\u005f_proto__":1}]}', '__proto__'],
  ['half a surrogate pair', '["\\ud800"]', 'surrogate'],
  ['the same in a name', '{"\\udfff":1}', 'surrogate'],
  ['no JSON', '{"a":}', 'not valid JSON'],
  ['a text that does not end', '{"a":"b\\', 'not valid JSON'],
])('%s is refused', (_what, text, says) => {
  expect(() => parse(text)).toThrow(says);
});

test('as much as is allowed is parsed', () => {
  expect(parse('['.repeat(64) + ']'.repeat(64))).toHaveLength(1);
  expect(parse(`[${Array.from({ length: 99_999 }, () => '{}')}]`)).toHaveLength(99_999);
  // Each object counts its own fields, and brackets inside of texts count nothing.
  expect(parse(`[${Array.from({ length: 900 }, () => '{"a":"[[{{::","b":2}')}]`)).toHaveLength(900);
  expect(parse('{"a":"__proto__"}')).toEqual({ a: '__proto__' });
});
