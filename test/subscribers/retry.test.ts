// The waits of deliveries: longer each time, over days, and as long as the receiver asks.
import { expect, test } from 'vitest';
import { pauseMs, waitMs } from '../../src/subscribers/retry.ts';

const waits = (random: number) => ({ unitMs: 5_000, random: () => random });

test('the waits are 5 s, 30 s, 5 min, 30 min, 2 h, 5 h and 10 h, a fifth more or less', () => {
  const middle = [1, 2, 3, 4, 5, 6, 7, 20].map((attempt) => waitMs(waits(0.5), attempt, undefined) / 1_000);
  expect(middle).toEqual([5, 30, 300, 1_800, 7_200, 18_000, 36_000, 36_000]);
  expect([waitMs(waits(0), 1, undefined), waitMs(waits(0.999), 1, undefined)]).toEqual([4_000, 5_998]);
});

test('an endpoint is left alone after five failures in a row, at most five minutes at a time', () => {
  const pauses = [1, 4, 5, 6, 7, 50].map((failures) => pauseMs(waits(0.5), failures, undefined) / 1_000);
  expect(pauses).toEqual([0, 0, 5, 10, 20, 300]);
});

test('retry-after counts, up to a day', () => {
  expect(waitMs(waits(0.5), 1, 60_000)).toBe(60_000);
  expect(pauseMs(waits(0.5), 1, 60_000)).toBe(60_000);
  expect(waitMs(waits(0.5), 1, 10 * 86_400_000)).toBe(86_400_000);
});
