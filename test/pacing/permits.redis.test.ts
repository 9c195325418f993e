// The scripts of pacing under a clock of our own: over random histories they give what the plain model gives, and at the receiver no window
// ever holds more than its limit, whenever between its moment and its end each call arrived. Five bugs planted in the scripts are all caught.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createRedis } from '../../src/base/redis.ts';
import { loadScript, type Script } from '../../src/base/script.ts';
import type { Limit, RollingLimit } from '../../src/contract/limit.ts';
import { redisUrl } from '../support/services.ts';
import { byModel, byScript, type Step, steps, type Written } from './history.ts';

const script = loadScript(import.meta.dirname, '../support/lua/history.lua');
const redis = createRedis(redisUrl(), systemClock);
afterAll(() => redis.close());

/** A million steps take a minute. The seed of a failure is printed and may be given again. */
const RUNS = 500;
const STEPS = 2_000;
const PATIENCE_MS = 600_000;
/** What shorter histories show. */
const SHORT_RUNS = 60;
const SEED = process.env.SLUICE_SEED === undefined ? {} : { seed: Number(process.env.SLUICE_SEED) };
const DAY_US = 86_400_000_000;

const rolling = (
  name: string,
  count: number,
  perMs: number,
  pace: 'even' | 'burst' = 'burst',
): RollingLimit => ({
  kind: 'rolling',
  name,
  scope: 's1',
  count,
  perMs,
  pace,
});
const PAIR: Limit = { kind: 'pair', name: 'meta.pair', scope: 's1', perMs: 6_000 };
const unique = (count: number): Limit => ({
  kind: 'unique',
  name: 'meta.messaging_limit',
  scope: 'p1',
  count,
  perMs: 86_400_000,
});
const CALLS: Limit = { kind: 'concurrency', name: 'calls', scope: 's1', count: 30 };

/** Counts that divide the period, so that the grid has whole microseconds. */
const window = fc.record({
  count: fc.constantFrom(1, 2, 5, 10, 20, 80),
  perMs: fc.constantFrom(100, 1_000, 10_000),
  pace: fc.constantFrom('even' as const, 'burst' as const),
});

interface Case {
  limits: Limit[];
  rolling: number;
  history: Step[];
}

/** Up to three windows, pairs, people per day, and calls in flight at once. */
const anyCase = (length: number): fc.Arbitrary<Case> =>
  fc
    .record({
      windows: fc.array(window, { minLength: 1, maxLength: 3 }),
      people: fc.constantFrom(1, 3, 8, 100),
      spanUs: fc.constantFrom(700_000, 20_000_000, DAY_US / 3),
    })
    .chain(({ windows, people, spanUs }) =>
      steps(length, spanUs, windows.length).map((history) => ({
        limits: [
          ...windows.map(({ count, perMs, pace }, i) => rolling(`window${i}`, count, perMs, pace)),
          CALLS,
          unique(people),
          PAIR,
        ],
        rolling: windows.length,
        history,
      })),
    );

const sameAsModel = async (from: Script, { limits, history }: Case): Promise<Written[]> => {
  const model = byModel(limits, history);
  expect(await byScript(redis, from, limits, history)).toEqual(model.lines);
  return model.written;
};

test(
  'any history gives what the plain model gives',
  async () => {
    await fc.assert(
      fc.asyncProperty(anyCase(STEPS), async (one) => void (await sameAsModel(script, one))),
      { numRuns: SHORT_RUNS, endOnFailure: true, ...SEED },
    );
  },
  PATIENCE_MS,
);

// Found by the comparison: one of a full tier was called again 20 ms before their day was over, and a stranger went into the place that they
// would have left.
test('a person who is called again leaves no place to another in the same take', async () => {
  const limits = [rolling('window0', 10, 1_000, 'even'), CALLS, unique(1), PAIR];
  const history: Step[] = [
    { do: 'take', want: 1, persons: [1] },
    { do: 'end', pick: 0, tookUs: 0, outcome: 'sent' },
    { do: 'pass', us: DAY_US - 20_000 },
    { do: 'take', want: 2, persons: [1, 2] },
  ];
  await sameAsModel(script, { limits, rolling: 1, history });
  expect(byModel(limits, history).lines.at(-1)).toMatch(/^1@\d+\.000$/);
});

/** Never more than `count` in any rolling `perMs`, each call arriving as late or as early as it may. */
function expectNoMore(arrivals: number[], count: number, perMs: number): void {
  const sorted = arrivals.toSorted((a, b) => a - b);
  for (const [i, at] of sorted.entries()) {
    const next = sorted[i + count];
    if (next !== undefined) expect(next - at).toBeGreaterThanOrEqual(perMs * 1_000);
  }
}

test(
  'at the receiver no window is ever fuller than its limit',
  async () => {
    const still = anyCase(200).map((one) => ({
      ...one,
      history: one.history.filter((step) => step.do !== 'count'),
    }));
    const share = fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true }));
    await fc.assert(
      fc.asyncProperty(still, share, async (one, shares) => {
        const written = await sameAsModel(script, one);
        const arrivedAt = ({ momentUs, endedUs }: Written): number =>
          momentUs + (shares.next().value as number) * (endedUs - momentUs);
        const arrivals = written.map((call) => ({ ...call, atUs: arrivedAt(call) }));
        for (const limit of one.limits) {
          if (limit.kind === 'rolling')
            expectNoMore(
              arrivals.map(({ atUs }) => atUs),
              limit.count,
              limit.perMs,
            );
          if (limit.kind === 'pair')
            for (const calls of Map.groupBy(arrivals, ({ person }) => person).values())
              expectNoMore(
                calls.map(({ atUs }) => atUs),
                1,
                limit.perMs,
              );
          if (limit.kind === 'unique') expectFewPeople(arrivals, limit.count, limit.perMs);
        }
      }),
      { numRuns: RUNS, endOnFailure: true, ...SEED },
    );
  },
  PATIENCE_MS,
);

/** Never more than `count` different people in any rolling window, of those that the platform took. */
function expectFewPeople(calls: (Written & { atUs: number })[], count: number, perMs: number): void {
  const sent = calls.filter(({ outcome }) => outcome === 'sent').toSorted((a, b) => a.atUs - b.atUs);
  for (const [i, last] of sent.entries()) {
    const people = new Set<string>();
    for (let k = i; k >= 0 && last.atUs - (sent[k]?.atUs ?? 0) < perMs * 1_000; k--)
      people.add(sent[k]?.person ?? '');
    expect(people.size).toBeLessThanOrEqual(count);
  }
}

/** The script with one thing wrong. */
function planted(find: string, put: string): Script {
  const body = script.body.replace(find, put);
  if (body === script.body) throw new Error(`there is no ${find} to spoil`);
  return { name: 'planted', sha: createHash('sha1').update(body).digest('hex'), body };
}

test.each([
  [
    'a fixed window',
    'return ended + limit.per\n',
    'return (math.floor(ended / limit.per) + 1) * limit.per\n',
  ],
  [
    'a person counted from the first send',
    "own and 'XX' or 'GT', us(o.ended)",
    "'XX', before == '0' and us(o.ended) or before",
  ],
  ['a clock of whole seconds', 'now = to\n', 'now = math.floor(to / 1000000) * 1000000\n'],
  [
    'a second limit that is looked at and not held',
    'for _, limit in ipairs(k > 0 and limits or {}) do',
    'for _, limit in ipairs(k > 0 and { limits[1] } or {}) do',
  ],
  [
    'permits kept by those that must wait',
    'hold_places(shared, used, LINGER_MS)',
    'hold_places(shared, #moments, LINGER_MS)',
  ],
])('planted: %s is caught', async (_what, find, put) => {
  const spoilt = planted(find, put);
  const found = await fc.check(
    fc.asyncProperty(anyCase(200), async (one) => void (await sameAsModel(spoilt, one))),
    { numRuns: 100, endOnFailure: true, ...SEED },
  );
  // Not a script that cannot run: one that gives something else.
  expect(String(found.errorInstance)).toContain('to deeply equal');
});

const take = (want: number, persons: number[]): Step => ({ do: 'take', want, persons });
const pass = (us: number): Step => ({ do: 'pass', us });
const end = (tookUs = 0): Step => ({ do: 'end', pick: 0, tookUs, outcome: 'sent' });
const people = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const granted = (line: string | undefined): number => (line?.match(/@/g) ?? []).length;

test('a large window in buckets: 100,000 a day in at most 1,441 entries, and never one too many', async () => {
  const limits: Limit[] = [rolling('day', 5_000, 86_400_000)];
  const history = Array.from({ length: 900 }, () => [
    take(8, people(8)),
    ...people(8).map(() => end()),
    pass(120_000_000),
  ]).flat();
  const { lines, written } = byModel(limits, history);
  expect(await byScript(redis, script, limits, history)).toEqual(lines);
  expectNoMore(
    written.map(({ endedUs }) => endedUs),
    5_000,
    86_400_000,
  );
});

test('a limit lowered below what is taken: nothing goes until enough have come free', async () => {
  const lowered: Step[] = [
    take(10, people(10)),
    ...people(10).map(() => end()),
    { do: 'count', limit: 0, count: 2 },
  ];
  const history = [
    ...lowered,
    take(1, [20]),
    pass(940_000),
    take(1, [20]),
    pass(60_000),
    take(5, [20, 21, 22]),
  ];
  const lines = await byScript(redis, script, [rolling('second', 10, 1_000)], history);
  expect(lines.slice(-5).map(granted)).toEqual([0, 0, 0, 0, 2]);
});

test('an even pace goes by a grid of P/n, and catches up no more than 50 ms', async () => {
  const limits: Limit[] = [rolling('second', 100, 1_000, 'even')];
  const lines = await byScript(redis, script, limits, [
    take(12, people(12)),
    pass(10_000_000),
    take(12, people(12)),
  ]);
  const moments = (line = ''): number[] => [...line.matchAll(/@(\S+)/g)].map((match) => Number(match[1]));
  const first = moments(lines[0]);
  expect(first.map((at) => at - (first[0] ?? 0))).toEqual(
    [0, 0, 0, 0, 0, 0, 10, 20, 30, 40, 50].map((ms) => ms * 1_000),
  );
  expect(new Set(moments(lines[2]).slice(0, 6)).size).toBe(1);
});
