// Hundreds of lanes on a budget far smaller than they are: nobody starves, and all of them are done at about the same time.
import { expect, test } from 'vitest';
import { createBudget } from '../../workers/dispatch/budget.ts';

const LANES = 400;
const PER_LANE = 20;
const SIZE = 16;

test('four hundred lanes on sixteen places: each gets on with its share before any gets a third', async () => {
  const budget = createBudget(SIZE);
  const got = new Array<number>(LANES).fill(0);
  const finished: number[] = [];
  let widest = 0;
  const lane = async (n: number): Promise<void> => {
    for (let left = PER_LANE; left > 0; ) {
      const count = await budget.reserve(left);
      left -= count;
      got[n] = PER_LANE - left;
      // What one has beyond another that has still to finish.
      widest = Math.max(widest, (got[n] ?? 0) - Math.min(...got));
      // Its calls end, one after the other.
      await new Promise((resolve) => setImmediate(resolve));
      for (let i = 0; i < count; i++) budget.release(1);
    }
    finished.push(n);
  };
  await Promise.all(Array.from({ length: LANES }, (_, n) => lane(n)));
  expect(finished).toHaveLength(LANES);
  expect(finished).toEqual(Array.from({ length: LANES }, (_, n) => n));
  expect(widest).toBeLessThanOrEqual(16);
  expect(budget.used()).toBe(0);
});

test('few lanes are not cut into shares', async () => {
  const budget = createBudget(64);
  await budget.reserve(64);
  const waiting = [budget.reserve(64), budget.reserve(64)];
  for (let i = 0; i < 128; i++) budget.release(1);
  expect(await Promise.all(waiting)).toEqual([32, 32]);
});

test('a closed budget lets go of those who wait', async () => {
  const budget = createBudget(1);
  await budget.reserve(1);
  const waiting = budget.reserve(1);
  budget.close();
  expect(await waiting).toBe(0);
  expect(await budget.reserve(1)).toBe(0);
});
