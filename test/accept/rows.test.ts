import { expect, test } from 'vitest';
import { checkRows } from '../../src/accept/rows.ts';
import type { Content } from '../../src/contract/record.ts';
import { check } from '../../src/platforms/meta/check.ts';

const to = '+16505551234';
const common: Content = { template: { name: 'n', language: 'en_US' } };
const checked = (messages: unknown[], content = common) => checkRows(messages, content, check);

test.each<[string, unknown, string]>([
  ['no object', 'x', 'invalid_message '],
  ['null', null, 'invalid_message '],
  ['a list', [], 'invalid_message '],
  ['no number', {}, 'invalid_recipient to'],
  ['a number that is a number', { to: 16505551234 }, 'invalid_recipient to'],
  ['letters', { to: 'Ana' }, 'invalid_recipient to'],
  ['an unknown field', { to, extra: 1 }, 'invalid_message extra'],
  ['__proto__', JSON.parse(`{"to":"${to}","__proto__":{"to":"+1"}}`), 'invalid_message __proto__'],
  [
    '__proto__ as a variable',
    { to, variables: JSON.parse('{"__proto__":"x"}') },
    'invalid_message variables',
  ],
  ['variables of numbers', { to, variables: [1] }, 'invalid_message variables'],
  ['variables null', { to, variables: null }, 'invalid_message variables'],
  ['a text as variables', { to, variables: 'x' }, 'invalid_message variables'],
  ['a variable named with an escape', { to, variables: { 'k\\': 'x' } }, 'invalid_message variables'],
  ['nested variables', { to, variables: { a: {} } }, 'invalid_message variables'],
  ['a long reference', { to, reference: 'x'.repeat(129) }, 'invalid_message reference'],
  ['a number as reference', { to, reference: 1 }, 'invalid_message reference'],
  ['both contents', { to, text: { body: 'x' }, template: common.template }, 'invalid_message text'],
  ['an unknown field in its text', { to, text: { body: 'x', a: 1 } }, 'invalid_message text.a'],
  ['a text that is none', { to, text: null }, 'invalid_message text'],
  ['a long text', { to, text: { body: 'x'.repeat(4_097) } }, 'invalid_message text.body'],
  ['more than 32 KB', { to, variables: ['x'.repeat(33_000)] }, 'invalid_message '],
  ['more than 32 KB once written', { to, variables: ['\u0000'.repeat(6_000)] }, 'invalid_message '],
  ['a variable too few', { to, text: { body: 'Hi {{1}}' } }, 'variables_missing variables'],
])('%s', async (_what, message, expected) => {
  const { rejected, rows, total } = await checked([message]);
  expect(rejected.map(({ code, field }) => `${code} ${field}`)).toEqual([expected]);
  expect([rows, total]).toEqual([[0], 0]);
  expect(rejected[0]?.message).not.toContain('6505551234');
});

test('a good message keeps what it says, its number made E.164, and nothing else', async () => {
  const own = { text: { body: 'Hi {{name}}' } };
  const { rows } = await checked([
    { to: '+1 650 555 0001' },
    { to: '+16505550002', variables: ['a'] },
    { to: '+16505550003', reference: 'r' },
    { to: '+16505550004', ...own, variables: { name: 'Ana' } },
  ]);
  expect(rows).toEqual([
    ['+16505550001'],
    ['+16505550002', ['a']],
    ['+16505550003', 0, 'r'],
    ['+16505550004', { name: 'Ana' }, 0, own],
  ]);
});

test('without a content of the job each message needs its own', async () => {
  const { rejected, total } = await checked([{ to }, { to: '+16505550002', text: { body: 'x' } }], {});
  expect([rejected.map((one) => one.index), total]).toEqual([[0], 1]);
});

test('of one number the first good message goes, and the lists stop at 100', async () => {
  const messages = [
    { to, extra: 1 },
    { to },
    ...Array.from({ length: 150 }, () => ({ to: '1 650 555 1234' })),
    ...new Array(150).fill({}),
  ];
  const found = await checked(messages);
  expect([found.total, found.duplicateCount, found.rejectedCount]).toEqual([1, 150, 151]);
  expect(found.duplicates.slice(0, 2)).toEqual([
    { index: 2, of: 1 },
    { index: 3, of: 1 },
  ]);
  expect([found.duplicates.length, found.rejected.length]).toEqual([100, 100]);
});
