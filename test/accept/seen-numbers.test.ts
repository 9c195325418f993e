// Exact at any size, and small.
import { expect, test } from 'vitest';
import { createSeenNumbers } from '../../src/accept/seen-numbers.ts';

test('300,000 numbers: each is new once, and names its first row from then on', () => {
  const seen = createSeenNumbers();
  const number = (i: number) => `+${49_150_000_000_000 + i * 37}`;
  for (let i = 0; i < 300_000; i += 1)
    if (seen.of(number(i), i) !== undefined) throw new Error(`${i} is new`);
  for (let i = 0; i < 300_000; i += 1)
    if (seen.of(number(i), 1_000_000) !== i) throw new Error(`${i} is known`);
  expect(seen.of('+1', 7)).toBeUndefined();
  expect(seen.of('+1', 8)).toBe(7);
});
