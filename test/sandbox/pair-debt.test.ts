import { expect, test } from 'vitest';
import { chargePair, pairExceeds } from '../../sandbox/judge/pair-debt.ts';
import { PairTable } from '../../sandbox/judge/pair-table.ts';

const SECOND_US = 1_000_000;

function pair() {
  const pairs = new PairTable();
  const slot = pairs.slotOf(16505551234) ?? 0;
  return {
    blockedAt: (atUs: number) => pairExceeds(pairs, slot, atUs),
    send(atUs: number) {
      const granted = !pairExceeds(pairs, slot, atUs);
      if (granted) chargePair(pairs, slot, atUs);
      return granted;
    },
  };
}

/** The model of reference/meta-cloud-api.md §1.3, as written there. */
function model() {
  let windowStartS: number | undefined;
  let n = 0;
  let blockedUntilS = Number.NEGATIVE_INFINITY;
  return (t: number) => {
    const borrowed = windowStartS !== undefined && t < windowStartS + 6 && n < 45;
    if (t < blockedUntilS && !borrowed) return false;
    if (windowStartS === undefined || t >= windowStartS + 6) {
      windowStartS = t;
      n = 0;
    }
    n += 1;
    blockedUntilS = windowStartS + 6 * n;
    return true;
  };
}

test('one message closes the pair from the end of the burst window until 6 s: that is 6 s', () => {
  const one = pair();
  expect(one.send(0)).toBe(true);
  expect(one.blockedAt(6 * SECOND_US)).toBe(false);
  expect(one.send(6 * SECOND_US)).toBe(true);
  expect(one.send(12 * SECOND_US)).toBe(true);
});

test('a burst of 20 closes the pair for 120 s', () => {
  const burst = pair();
  for (let index = 0; index < 20; index += 1) expect(burst.send(index * 1000)).toBe(true);
  expect(burst.blockedAt(6 * SECOND_US)).toBe(true);
  expect(burst.blockedAt(120 * SECOND_US - 1)).toBe(true);
  expect(burst.blockedAt(120 * SECOND_US)).toBe(false);
});

test('no more than 45 can be borrowed, and they close the pair for 270 s', () => {
  const burst = pair();
  const granted = Array.from({ length: 60 }, (_, index) => burst.send(index * 1000));
  expect(granted.filter(Boolean)).toHaveLength(45);
  expect(granted.indexOf(false)).toBe(45);
  expect(burst.blockedAt(270 * SECOND_US - 1)).toBe(true);
  expect(burst.send(270 * SECOND_US)).toBe(true);
});

test('one every 5 s runs into the debt', () => {
  const steady = pair();
  expect(steady.send(0)).toBe(true);
  expect(steady.send(5 * SECOND_US)).toBe(true);
  expect(steady.send(10 * SECOND_US)).toBe(false);
  expect(steady.send(12 * SECOND_US)).toBe(true);
});

test('it agrees with the written model on every history of half seconds', () => {
  for (let history = 0; history < 4096; history += 1) {
    const real = pair();
    const expected = model();
    let halfSeconds = 0;
    for (let bits = history; bits > 0; bits >>= 2) {
      halfSeconds += [0, 3, 11, 13][bits & 3] ?? 0;
      expect(real.send(halfSeconds * 500_000)).toBe(expected(halfSeconds / 2));
    }
  }
});

test('the table keeps every pair apart while it grows', () => {
  const pairs = new PairTable();
  const count = 20_000;
  for (let index = 0; index < count; index += 1) {
    const slot = pairs.slotOf(999_999_900_000_000 + index * 7) ?? -1;
    pairs.columns.taken[slot] = index + 1;
  }
  expect(pairs.size).toBe(count);
  for (let index = 0; index < count; index += 1) {
    const slot = pairs.slotOf(999_999_900_000_000 + index * 7) ?? -1;
    expect(pairs.columns.taken[slot]).toBe(index + 1);
  }
  expect(pairs.untracked).toBe(0);
});
