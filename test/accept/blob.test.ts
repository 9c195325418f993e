import { expect, test } from 'vitest';
import { decodeRows, encodeRows, unpackRows } from '../../src/base/rows.ts';
import type { Row } from '../../src/contract/record.ts';

const rows: Row[] = [
  ['+16505551234', ['Ana', 'A-17'], 'row-1'],
  0,
  ['+16505551235', { name: 'Zoë' }, 0, { text: { body: '🙂' } }],
];

test('rows come back from the blob and from its base64', () => {
  const blob = encodeRows(rows);
  expect(decodeRows(blob)).toEqual(rows);
  expect(decodeRows(blob.toString('base64'))).toEqual(rows);
  expect(unpackRows(blob).toString('utf8')).toBe(JSON.stringify(rows));
});

test('what is no blob, or unpacks to more than a megabyte, is refused', () => {
  expect(() => decodeRows(Buffer.from('no blob'))).toThrow();
  const bomb = encodeRows([['+1', ['a'.repeat(2_000_000)]]]);
  expect(() => decodeRows(bomb)).toThrow();
});
