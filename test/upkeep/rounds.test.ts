// Which homes upkeep looks at: those where something is due, those it was told of, and every home now and then.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRounds } from '../../workers/upkeep/rounds.ts';

const SECOND_US = 1_000_000;
const ROUND_S = 30;
const homesOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `h${i}`);

test('ten thousand homes without work: all of them at first, then each once in half a minute', () => {
  const homes = homesOf(10_000);
  const rounds = createRounds();
  let nowUs = 1_800_000_000 * SECOND_US;
  expect(rounds.next(homes, [], nowUs)).toEqual(homes);
  for (const home of homes) rounds.saw(home, undefined);
  const seen = new Set<string>();
  let looks = 0;
  for (let tick = 0; tick < ROUND_S * 4; tick++) {
    nowUs += SECOND_US / 4;
    const chosen = rounds.next(homes, [], nowUs);
    for (const home of chosen) seen.add(home);
    looks += chosen.length;
  }
  expect(seen.size).toBe(homes.length);
  expect(looks / ROUND_S).toBeLessThan(homes.length / ROUND_S + 10);
});

test('a home is looked at once its time has come, at once when it is hinted at, and never twice in one look', () => {
  const homes = homesOf(1_000);
  fc.assert(
    fc.property(
      fc.array(fc.record({ home: fc.nat(999), inMs: fc.integer({ min: 1, max: 5_000 }) }), { maxLength: 40 }),
      fc.array(fc.nat(999), { maxLength: 10 }),
      fc.integer({ min: 0, max: 6_000 }),
      (works, hinted, laterMs) => {
        const rounds = createRounds();
        rounds.next(homes, [], 0);
        const due = new Map(works.map(({ home, inMs }) => [`h${home}`, inMs * 1_000]));
        for (const [home, dueUs] of due) rounds.saw(home, dueUs);
        const hints = hinted.map((n) => `h${n}`);
        const chosen = rounds.next(homes, hints, laterMs * 1_000);
        expect(new Set(chosen).size).toBe(chosen.length);
        for (const home of hints) expect(chosen).toContain(home);
        for (const [home, dueUs] of due) if (dueUs <= laterMs * 1_000) expect(chosen).toContain(home);
      },
    ),
  );
});

test('tickets that wait in the queue are looked at less often the later they are', () => {
  const rounds = createRounds();
  const again = (lateS: number): number => {
    rounds.waits('h0', 0, lateS * SECOND_US);
    for (let us = lateS * SECOND_US; ; us += SECOND_US / 10)
      if (rounds.next([], [], us).length > 0) return us / SECOND_US - lateS;
  };
  rounds.next([], [], 0);
  expect([0, 1, 3, 60].map(again)).toEqual([0.5, 1, 3, 5]);
});

test('who has lost the lead looks at everything when it leads again', () => {
  const homes = homesOf(100);
  const rounds = createRounds();
  rounds.next(homes, [], 0);
  rounds.saw('h1', 60 * SECOND_US);
  rounds.forget();
  expect(rounds.next(homes, [], SECOND_US)).toHaveLength(homes.length);
});
