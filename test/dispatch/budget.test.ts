// The process's calls: never more than its size, first come first served, and nobody waits when enough is free.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBudget } from '../../workers/dispatch/budget.ts';

/** Lets promises that are resolved go on. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('no history gives out more than its size, and at its end everybody was served in order', async () => {
  const step = fc.oneof(
    fc.integer({ min: 1, max: 64 }).map((want) => ({ want })),
    fc.integer({ min: 1, max: 64 }).map((release) => ({ release })),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 100 }),
      fc.array(step, { maxLength: 40 }),
      async (size, steps) => {
        const budget = createBudget(size);
        const served: number[] = [];
        let asked = 0;
        let held = 0;
        for (const one of steps) {
          if ('want' in one) {
            const number = asked++;
            void budget.reserve(one.want).then((count) => {
              expect(count).toBeGreaterThanOrEqual(1);
              expect(count).toBeLessThanOrEqual(one.want);
              held += count;
              served.push(number);
            });
          } else {
            const back = Math.min(one.release, held);
            held -= back;
            budget.release(back);
          }
          await turn();
          expect(budget.used()).toBe(held);
          expect(held).toBeLessThanOrEqual(size);
        }
        for (let rounds = 0; served.length < asked && rounds <= asked; rounds += 1) {
          budget.release(held);
          held = 0;
          await turn();
        }
        expect(served).toEqual(Array.from({ length: asked }, (_, i) => i));
      },
    ),
    { numRuns: 60 },
  );
});

test('who wants many is not fobbed off with one', async () => {
  const budget = createBudget(64);
  await budget.reserve(64);
  let got = 0;
  void budget.reserve(40).then((count) => {
    got = count;
  });
  let released = 0;
  for (; got === 0 && released < 64; released += 1) {
    budget.release(1);
    await turn();
  }
  expect(got).toBe(released);
  expect(got).toBeGreaterThan(8);
});

test('a closed budget lets go of those who wait', async () => {
  const budget = createBudget(1);
  await budget.reserve(1);
  const waiting = budget.reserve(1);
  budget.close();
  expect(await waiting).toBe(0);
  expect(await budget.reserve(1)).toBe(0);
});

test('of many that wait each gets a share and no more, and few get all they want', async () => {
  const budget = createBudget(64);
  await budget.reserve(64);
  const few = [budget.reserve(64), budget.reserve(64)];
  budget.release(64);
  expect(await few[0]).toBe(64);
  budget.release(64);
  expect(await few[1]).toBe(64);
  const many = Array.from({ length: 400 }, () => budget.reserve(20));
  for (const one of many) {
    budget.release(10);
    expect(await one).toBe(10);
    if (one === many[350]) break;
  }
});
