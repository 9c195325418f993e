// How the benchmark of limits reads use, takeovers and bounds off moments of arrival: checked on streams whose answer is known.
import { expect, test } from 'vitest';
import { boundNeeded, silenceAfter, useOf } from '../../bench/limits/use.ts';

/** `count` arrivals in bursts of `n`, each burst `cycleMs` after the one before. */
const bursts = (n: number, count: number, cycleMs: number, fromMs = 0): number[] =>
  Array.from({ length: count }, (_, i) => fromMs + Math.floor(i / n) * cycleMs + (i % n));
const even = (count: number, stepMs: number, fromMs = 0): number[] =>
  Array.from({ length: count }, (_, i) => fromMs + i * stepMs);

const SECOND = { count: 80, perMs: 1_000 };

test('the whole limit, and the answer rule at 100 ms', () => {
  expect(useOf([bursts(80, 801, 1_000)], SECOND)).toBe(1);
  expect(useOf([bursts(80, 801, 1_100)], SECOND)).toBeCloseTo(1 / 1.1, 9);
  expect(useOf([even(801, 12.5)], SECOND)).toBeCloseTo(1, 9);
});

test('a stretch without a whole period says nothing; several count together', () => {
  expect(useOf([bursts(80, 80, 1_000)], SECOND)).toBeUndefined();
  expect(useOf([], SECOND)).toBeUndefined();
  const both = [bursts(80, 161, 1_000), bursts(80, 10, 1_000), bursts(80, 161, 2_000, 9_000)];
  expect(useOf(both, SECOND)).toBeCloseTo(4_000 / 6_000, 9);
});

test('what is excepted counts neither as use nor as time', () => {
  const stretch = [...even(401, 12.5), ...even(401, 12.5, 8_200)];
  expect(useOf([stretch], SECOND)).toBeLessThan(0.8);
  expect(useOf([stretch], SECOND, [[5_001, 8_200]])).toBeCloseTo(1, 9);
  // A burst in the excepted time is no use either.
  expect(
    useOf([[...stretch, ...even(50, 1, 6_000)].sort((a, b) => a - b)], SECOND, [[5_001, 8_200]]),
  ).toBeCloseTo(1, 9);
});

test('a takeover is the longest silence from the kill on', () => {
  const arrivals = [...even(100, 10), ...even(100, 10, 4_200)];
  expect(silenceAfter(arrivals, 995, 4_000)).toBe(4_200 - 995);
  expect(silenceAfter(even(100, 10), 500, 4_000)).toBeLessThanOrEqual(10);
});

test('the bound that would have held', () => {
  expect(boundNeeded([0, 10, 20], [3, 35, 36])).toBe(25);
  // A call whose record is lost takes none of the others' arrivals.
  expect(boundNeeded([0, 100], [3, 50, 104])).toBe(4);
  expect(boundNeeded([], [5])).toBe(0);
});
