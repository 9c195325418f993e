// What is refused before it is sent, and that everything which was ever read can be parked.
import { expect, test } from 'vitest';
import { RECORD_MAX_BYTES } from '../../src/contract/record.ts';
import { assertFits, parked } from '../../src/log/entry.ts';
import type { DeliveredEntry } from '../../src/log/port.ts';

const delivered = (more: Partial<DeliveredEntry> = {}): DeliveredEntry => ({
  topic: 'jobs',
  position: '3:14',
  key: 'job',
  headers: { type: 'chunk' },
  value: 'value',
  ...more,
});

test('bytes count, not characters', () => {
  const half = RECORD_MAX_BYTES / 2;
  expect(() => assertFits([{ key: 'k', headers: {}, value: 'é'.repeat(half) }])).not.toThrow();
  expect(() => assertFits([{ key: 'k', headers: {}, value: 'é'.repeat(half + 1) }])).toThrow('at most');
});

test('headers have their bound too', () => {
  const headers = { note: 'x'.repeat(20_000) };
  expect(() => assertFits([{ key: 'k', headers, value: '' }])).toThrow('headers');
});

test('a parked entry tells where it came from and why', () => {
  expect(parked(delivered(), 'breaks its schema')).toEqual({
    key: 'job',
    headers: { from: 'jobs', position: '3:14', reason: 'breaks its schema', headers: '{"type":"chunk"}' },
    value: 'value',
  });
});

test.each([
  ['too long', delivered({ value: '€'.repeat(RECORD_MAX_BYTES) })],
  ['keyless', delivered({ key: '' })],
  ['under huge headers', delivered({ headers: { note: '"'.repeat(200_000) } })],
])('a foreign record that is %s can be parked all the same', (_what, foreign) => {
  expect(() => assertFits([parked(foreign, '\u0007'.repeat(100_000))])).not.toThrow();
});
