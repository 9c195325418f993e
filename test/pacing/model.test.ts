// The plain model over random histories in virtual time: what arrives at a receiver between a call's moment and its end never breaks a
// limit, however calls end, limits change, and days go by.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Limit, PairLimit, RollingLimit, UniqueLimit } from '../../src/contract/limit.ts';
import { type Granted, Model } from '../../src/pacing/model.ts';
import type { Candidate, End } from '../../src/pacing/rule.ts';
import { nextFreeUs, usedOf } from '../../src/pacing/use.ts';
import { seededRandom } from '../support/dice.ts';

const START_US = 1_800_000_000_000_000;
const HORIZON_US = 50_000;
const DAY_MS = 86_400_000;
const SECOND_US = 1_000_000;
const RUNS = 100;

interface Arrival {
  atUs: number;
  person: string;
  exempt: boolean;
}

interface Flying extends Granted {
  who: Candidate;
}

const rolling = (count: number, perMs: number, pace: 'even' | 'burst', name = 'minute'): RollingLimit => ({
  kind: 'rolling',
  name,
  scope: 's1',
  count,
  perMs,
  pace,
});
const unique = (count: number): UniqueLimit => ({
  kind: 'unique',
  name: 'meta.messaging_limit',
  scope: 'bm',
  count,
  perMs: DAY_MS,
});
const pair: PairLimit = { kind: 'pair', name: 'meta.pair', scope: 's1', perMs: 6_000 };
const calls: Limit = { kind: 'concurrency', name: 'calls', scope: 's1', count: 20 };
const stranger = (i: number): Candidate => ({ person: `p${i}`, exempt: false });

/** A sender and its platform: takes, lets calls end at chance moments, and keeps what arrived. */
class World {
  nowUs = START_US;
  limits: Limit[];
  readonly model = new Model();
  readonly arrivals: Arrival[] = [];
  readonly flying: Flying[] = [];
  readonly #random: () => number;
  constructor(limits: Limit[], seed: number) {
    this.limits = limits;
    this.#random = seededRandom(seed);
  }
  take(candidates: Candidate[], want = candidates.length) {
    const taken = this.model.take(this.limits, candidates, want, this.nowUs, HORIZON_US);
    for (const one of taken.granted) {
      expect(one.momentUs).toBeGreaterThanOrEqual(this.nowUs);
      expect(one.momentUs).toBeLessThanOrEqual(this.nowUs + HORIZON_US);
      this.flying.push({ ...one, who: candidates[one.candidate] ?? stranger(0) });
    }
    for (const { untilUs } of taken.waits) expect(untilUs).toBeGreaterThan(this.nowUs);
    return taken;
  }
  /** Some calls end, in any order: most are sent, a few refused, a few never written. */
  end(count: number, slowestUs: number): void {
    const ends: End[] = [];
    for (let i = 0; i < count && this.flying.length > 0; i += 1) {
      const [one] = this.flying.splice(Math.floor(this.#random() * this.flying.length), 1);
      if (!one) break;
      const endedUs = Math.max(one.momentUs, this.nowUs - slowestUs) + Math.floor(this.#random() * slowestUs);
      const dice = this.#random();
      const outcome = dice < 0.85 ? 'sent' : dice < 0.93 ? 'refused' : 'unsent';
      ends.push({ call: one.call, outcome, endedUs });
      if (outcome === 'sent')
        this.arrivals.push({
          atUs: one.momentUs + this.#random() * (endedUs - one.momentUs),
          person: one.who.person,
          exempt: one.who.exempt,
        });
    }
    // Whoever tells of ends does so after them.
    this.nowUs = Math.max(this.nowUs, ...ends.map(({ endedUs }) => endedUs));
    this.model.end(ends);
  }
}

/** Most arrivals in any rolling window, counted as `key` says. */
function worst(arrivals: Arrival[], perMs: number, distinct: boolean): number {
  const sorted = arrivals.toSorted((a, b) => a.atUs - b.atUs);
  const inside = new Map<string, number>();
  let most = 0;
  let first = 0;
  for (const [i, { atUs, person }] of sorted.entries()) {
    inside.set(person, (inside.get(person) ?? 0) + 1);
    for (let head = sorted[first]; head && head.atUs <= atUs - perMs * 1_000; head = sorted[++first]) {
      const left = (inside.get(head.person) ?? 1) - 1;
      if (left === 0) inside.delete(head.person);
      else inside.set(head.person, left);
    }
    most = Math.max(most, distinct ? inside.size : i - first + 1);
  }
  return most;
}

const anyRolling = fc
  .record({
    count: fc.constantFrom(1, 2, 3, 7, 20, 80, 2_500),
    perMs: fc.constantFrom(100, 1_000, 60_000, DAY_MS),
    pace: fc.constantFrom('even' as const, 'burst' as const),
  })
  .map(({ count, perMs, pace }) => ({ count, perMs, pace }));
const step = fc.record({
  take: fc.integer({ min: 0, max: 60 }),
  end: fc.integer({ min: 0, max: 60 }),
  slowestUs: fc.constantFrom(5_000, 300_000, 31 * SECOND_US),
  passUs: fc.constantFrom(1_000, 40_000, SECOND_US, 3_600 * SECOND_US, 86_400 * SECOND_US),
});
const history = fc.array(step, { minLength: 20, maxLength: 150 });

test('rolling: never more than n arrive in any period, between write and end, over days', () => {
  fc.assert(
    fc.property(
      fc.array(anyRolling, { minLength: 1, maxLength: 3 }),
      history,
      fc.nat(),
      (some, steps, seed) => {
        const limits = some.map(({ count, perMs, pace }, i) => rolling(count, perMs, pace, `l${i}`));
        const world = new World([...limits, calls], seed);
        for (const { take, end, slowestUs, passUs } of steps) {
          world.take(Array.from({ length: take }, (_, i) => stranger(i)));
          expect(world.flying.length).toBeLessThanOrEqual(20);
          world.end(end, slowestUs);
          world.nowUs += passUs;
        }
        for (const { count, perMs } of limits)
          expect(worst(world.arrivals, perMs, false)).toBeLessThanOrEqual(count);
      },
    ),
    { numRuns: RUNS },
  );
});

test('unique: never more than n different people in any 24 hours, counted by arrival; who is counted goes free', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), history, fc.nat(), (count, steps, seed) => {
      const world = new World([unique(count)], seed);
      const random = seededRandom(seed + 1);
      for (const { take, end, slowestUs, passUs } of steps) {
        const people = Array.from({ length: take }, () => ({
          ...stranger(Math.floor(random() * 60)),
          exempt: random() < 0.1,
        }));
        const { waits } = world.take(people);
        const use = world.model.use(unique(count), world.nowUs);
        // Whoever waits is none of those who are counted, and finds the tier full.
        if (waits.length > 0) expect(usedOf(use, world.nowUs)).toBeGreaterThanOrEqual(count);
        world.end(end, slowestUs);
        world.nowUs += passUs;
      }
      const counted = world.arrivals.filter(({ exempt }) => !exempt);
      expect(worst(counted, DAY_MS, true)).toBeLessThanOrEqual(count);
    }),
    { numRuns: RUNS },
  );
});

test('pair: never twice to one person within six seconds', () => {
  fc.assert(
    fc.property(history, fc.nat(), (steps, seed) => {
      const world = new World([pair, rolling(80, 1_000, 'even')], seed);
      const random = seededRandom(seed + 1);
      for (const { take, end, slowestUs, passUs } of steps) {
        world.take(Array.from({ length: take }, () => stranger(Math.floor(random() * 20))));
        world.end(end, slowestUs);
        world.nowUs += passUs;
      }
      for (const own of Map.groupBy(world.arrivals, ({ person }) => person).values())
        expect(worst(own, pair.perMs, false)).toBe(1);
    }),
    { numRuns: RUNS },
  );
});

test('a large window is kept in at most 1,440 buckets and one', () => {
  const day = rolling(5_000, DAY_MS, 'burst');
  const world = new World([day], 1);
  for (let hour = 0; hour < 3 * 24; hour += 1) {
    for (let minute = 0; minute < 60; minute += 1) {
      world.take(Array.from({ length: 6 }, (_, i) => stranger(i)));
      world.end(6, SECOND_US);
      world.nowUs += 60 * SECOND_US;
    }
    expect(world.model.use(day, world.nowUs).releases.length).toBeLessThanOrEqual(1_441);
  }
  expect(worst(world.arrivals, DAY_MS, false)).toBeLessThanOrEqual(day.count);
});

test('a person whose call did not get through is counted as before', () => {
  const world = new World([unique(1)], 1);
  const [first] = world.take([stranger(1)]).granted;
  world.model.end([{ call: first?.call ?? 0, outcome: 'sent', endedUs: START_US }]);
  world.nowUs = START_US + 10 * SECOND_US;
  const [again] = world.take([stranger(1)]).granted;
  const waiting = world.take([stranger(2)]).waits[0];
  expect(waiting?.untilUs).toBe(Number.POSITIVE_INFINITY);
  world.model.end([{ call: again?.call ?? 0, outcome: 'refused', endedUs: world.nowUs }]);
  expect(world.take([stranger(2)]).waits[0]?.untilUs).toBe(START_US + DAY_MS * 1_000);
});

test('who must wait takes nothing, is told why, and stops nobody behind', () => {
  const world = new World([rolling(3, 1_000, 'burst'), pair], 1);
  const taken = world.take([stranger(1), stranger(1), stranger(2), stranger(3), stranger(4)]);
  expect(taken.granted.map(({ candidate }) => candidate)).toEqual([0, 2, 3]);
  expect(taken.waits.map(({ candidate, limit }) => [candidate, limit.name])).toEqual([
    [1, 'meta.pair'],
    [4, 'minute'],
  ]);
  expect(usedOf(world.model.use(pair, world.nowUs), world.nowUs)).toBe(3);
});

test('a count that changes keeps what was counted; another period starts full for one old period', () => {
  const world = new World([rolling(5, 1_000, 'burst')], 1);
  world.take([1, 2, 3].map(stranger));
  const ends = world.flying
    .splice(0)
    .map(({ call }) => ({ call, outcome: 'sent' as const, endedUs: START_US }));
  world.model.end(ends);
  world.limits = [rolling(4, 1_000, 'burst')];
  expect(world.take([4, 5, 6].map(stranger)).granted).toHaveLength(1);
  expect(nextFreeUs(world.model.use(rolling(4, 1_000, 'burst'), START_US), START_US)).toBe(
    START_US + SECOND_US,
  );
  world.limits = [rolling(4, 60_000, 'burst')];
  expect(world.take([7].map(stranger)).nextUs).toBe(START_US + SECOND_US);
});
