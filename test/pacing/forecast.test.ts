// The forecast against what the model then does, in virtual time: at 10, 50 and 90 % of a job its end is known to 5 % of the time that is
// left, or two seconds.
import { expect, test } from 'vitest';
import type { Limit } from '../../src/contract/limit.ts';
import { forecast } from '../../src/pacing/forecast.ts';
import { seededRandom } from '../support/dice.ts';
import { VirtualHome, type VirtualJob } from '../support/virtual-home.ts';

const TOLERANCE = 0.05;
const TOLERANCE_US = 2_000_000;
const START_US = 1_800_000_000_000_000;
const SECOND_US = 1_000_000;
/** Rows of one job before the next job's turn comes. */
const SHARE = 16;

const rolling = (name: string, count: number, per: number, pace: 'even' | 'burst', scope = 's1'): Limit => ({
  kind: 'rolling',
  name,
  scope,
  count,
  perMs: per * 1_000,
  pace,
});
const calls: Limit = { kind: 'concurrency', name: 'calls', scope: 's1', count: 256 };
const tier = (count: number): Limit => ({
  kind: 'unique',
  name: 'meta.messaging_limit',
  scope: 'bm',
  count,
  perMs: 86_400_000,
});
const job = (id: string, total: number, more: Partial<VirtualJob> = {}): VirtualJob => ({
  id,
  priority: 2,
  total,
  lane: 0,
  startUs: START_US,
  ...more,
});

interface Case {
  name: string;
  limits: Limit[][];
  jobs: VirtualJob[];
  answerMs: number;
}

const cases: Case[] = [
  {
    name: 'one rate',
    limits: [[rolling('second', 20, 1, 'even'), calls]],
    jobs: [job('a', 8_000)],
    answerMs: 100,
  },
  {
    name: 'three limits, the slowest in bursts',
    limits: [
      [
        rolling('second', 10, 1, 'even'),
        rolling('minute', 300, 60, 'burst'),
        rolling('ten', 1_500, 600, 'burst'),
        calls,
      ],
    ],
    jobs: [job('a', 4_000)],
    answerMs: 100,
  },
  {
    name: 'three even limits',
    limits: [
      [
        rolling('second', 10, 1, 'even'),
        rolling('minute', 300, 60, 'even'),
        rolling('ten', 2_000, 600, 'even'),
        calls,
      ],
    ],
    jobs: [job('a', 2_500)],
    answerMs: 300,
  },
  {
    name: 'jobs of two priorities, and one that starts later',
    limits: [[rolling('second', 20, 1, 'even'), rolling('minute', 900, 60, 'burst'), calls]],
    jobs: [
      job('a', 6_000),
      job('b', 3_000),
      job('high', 1_500, { priority: 0, startUs: START_US + 100 * SECOND_US }),
    ],
    answerMs: 50,
  },
  {
    name: 'two senders that share a limit',
    limits: [
      [rolling('second', 10, 1, 'even'), rolling('shared', 480, 60, 'even', 'bm'), calls],
      [rolling('second', 20, 1, 'even', 's2'), rolling('shared', 480, 60, 'even', 'bm')],
    ],
    jobs: [job('a', 1_500), job('b', 2_500, { lane: 1 })],
    answerMs: 100,
  },
  {
    name: 'a messaging limit over two days',
    limits: [[rolling('second', 20, 1, 'even'), tier(200), calls]],
    jobs: [job('a', 500)],
    answerMs: 100,
  },
];

interface Told {
  job: number;
  part: number;
  leftUs: number;
  offUs: number;
}

/** What is told at 10, 50 and 90 % of each job, and how far off it was. */
function toldOf({ limits, jobs, answerMs }: Omit<Case, 'name'>, seed: number): Told[] {
  const home = new VirtualHome(limits, jobs, answerMs * 1_000, seed);
  const told: { job: number; part: number; atUs: number; finishUs: number }[] = [];
  const look = (job: number, { id, total }: VirtualJob, part: number): void => {
    if ((home.answered[job] ?? 0) < part * total) return;
    if (told.some((one) => one.job === job && one.part === part)) return;
    const finishUs = forecast(home.loads(), home.nowUs).get(id)?.finishUs ?? 0;
    told.push({ job, part, atUs: home.nowUs, finishUs });
  };
  home.run(() => {
    for (const [i, one] of jobs.entries()) for (const part of [0.1, 0.5, 0.9]) look(i, one, part);
  });
  expect(told).toHaveLength(3 * jobs.length);
  return told.map(({ job, part, atUs, finishUs }) => {
    const endUs = home.endedUs[job] ?? 0;
    return { job, part, leftUs: endUs - atUs, offUs: finishUs - endUs };
  });
}

test.each(cases)('$name: the end is known at 10, 50 and 90 %', (one) => {
  for (const { job, part, leftUs, offUs } of toldOf(one, 7)) {
    const [left, off] = [leftUs / SECOND_US, offUs / SECOND_US];
    console.info(
      `${one.jobs[job]?.id} at ${part * 100} %: ${left.toFixed(1)} s left, off by ${off.toFixed(2)} s`,
    );
    expect(Math.abs(offUs)).toBeLessThanOrEqual(Math.max(TOLERANCE * leftUs, TOLERANCE_US));
  }
});

test.each(Array.from({ length: 12 }, (_, i) => i + 1))('three limits by chance, of seed %i', (seed) => {
  const random = seededRandom(seed);
  const pick = <One>(some: readonly One[]): One => some[Math.floor(random() * some.length)] as One;
  const rate = pick([5, 10, 20]);
  const any = (name: string, per: number, part: number): Limit =>
    rolling(name, Math.round(rate * per * part), per, pick(['even', 'burst'] as const));
  const parts = [0.4 + 0.6 * random(), 0.3 + 0.5 * random()];
  const limits = [
    any('second', 1, 1),
    any('short', pick([10, 30, 60]), parts[0] ?? 1),
    any('long', pick([120, 300, 600]), parts[1] ?? 1),
    calls,
  ];
  const slowest = rate * Math.min(...parts);
  // Five to fifteen minutes each.
  const jobs = Array.from({ length: pick([1, 1, 2]) }, (_, i) =>
    job(`job ${i}`, Math.round(slowest * (320 + 600 * random())), { priority: pick([0, 2]) }),
  );
  // Jobs take turns of sixteen rows, and a fluid has none.
  const turnUs = jobs.length === 1 ? 0 : (SHARE / slowest) * SECOND_US;
  for (const { leftUs, offUs } of toldOf({ limits: [limits], jobs, answerMs: pick([5, 100, 300]) }, seed))
    expect(Math.abs(offUs)).toBeLessThanOrEqual(Math.max(TOLERANCE * leftUs, TOLERANCE_US, turnUs));
});

test('a job that waits for its time, is spread, or is held says so, and when it ends', () => {
  const home = new VirtualHome([[rolling('second', 20, 1, 'even'), calls]], [job('a', 600)], 100_000, 7);
  const [load] = home.loads();
  const [flow] = load?.flows ?? [];
  if (!load || !flow) throw new Error('no load');
  const startUs = home.nowUs + 100 * SECOND_US;
  const spread = { ...flow, startUs, spreadUs: 300 * SECOND_US };
  const outlook = forecast([{ ...load, flows: [spread] }], home.nowUs).get('a');
  expect(outlook?.stretches.map(({ limit }) => limit)).toEqual(['scheduled', 'spread']);
  expect(((outlook?.finishUs ?? 0) - home.nowUs) / SECOND_US).toBeCloseTo(400, -1);
  const held = forecast([{ ...load, heldUs: Number.POSITIVE_INFINITY }], home.nowUs).get('a');
  expect(held?.finishUs).toBeUndefined();
  const ends = { ...flow, endsUs: home.nowUs + 10 * SECOND_US };
  expect(forecast([{ ...load, flows: [ends] }], home.nowUs).get('a')?.finishUs).toBe(ends.endsUs);
});

test('ten thousand times as many messages cost the same', () => {
  const steps = (total: number) => {
    const home = new VirtualHome(
      [[rolling('day', 100_000, 86_400, 'even'), calls]],
      [job('a', total)],
      100_000,
      7,
    );
    const outlook = forecast(home.loads(), home.nowUs).get('a');
    return outlook?.stretches.reduce((sum, { count }) => sum + count, 0);
  };
  const started = performance.now();
  expect(steps(100)).toBeCloseTo(100);
  expect(steps(1_000_000)).toBeCloseTo(1_000_000);
  expect(performance.now() - started).toBeLessThan(500);
});
