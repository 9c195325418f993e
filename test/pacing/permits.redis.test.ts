// The permits script under a clock of our own: it gives what the plain rules give over random histories, and at the receiver there are never
// more than n calls in any rolling window, whenever between its moment and its answer each of them arrived.
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createRedis } from '../../src/base/redis.ts';
import { loadScript } from '../../src/base/script.ts';
import type { Limit } from '../../src/contract/limit.ts';
import { limitArguments, limitKeyList } from '../../src/pacing/limits.ts';
import { freshNamespace, redisUrl } from '../support/services.ts';
import { type Granted, PlainPermits } from './plain-permits.ts';

const script = loadScript(import.meta.dirname, '../support/lua/permits.lua');
const redis = createRedis(redisUrl(), systemClock);
afterAll(() => redis.close());

const HORIZON_US = 50_000;
const START_US = 1_800_000_000_000_000;
const RUNS = 60;

interface Call {
  id: string;
  momentUs: number;
  endedUs?: number;
  arrivedUs?: number;
}

/** One home with its limits: the script and the plain rules side by side. */
class Bench {
  nowUs = START_US;
  readonly open: Call[] = [];
  readonly written: Call[] = [];
  readonly #namespace = freshNamespace();
  readonly #plain = new PlainPermits();
  #made = 0;
  limits: Limit[];
  constructor(limits: Limit[]) {
    this.limits = limits;
  }

  async take(want: number, use = want): Promise<Granted> {
    const ids = Array.from({ length: want }, () => `call-${++this.#made}`);
    const reply = await this.#run('take', [want, use], ids);
    const granted: Granted = {
      moments: reply.slice(2).map(Number),
      nextUs: reply[0] === '' ? Number.POSITIVE_INFINITY : Number(reply[0]),
      binding: Number(reply[1]),
    };
    expect(granted).toEqual(this.#plain.take(this.limits, want, use, this.nowUs, HORIZON_US));
    for (const [i, momentUs] of granted.moments.entries()) this.open.push({ id: ids[i] ?? '', momentUs });
    return granted;
  }

  /** The answers of calls under way, or the word that they were never written. */
  async end(calls: readonly Call[]): Promise<void> {
    const ended = calls.flatMap(({ id, endedUs }) => [id, endedUs === undefined ? '-' : String(endedUs)]);
    await this.#run('end', [0, 0], ended);
    this.#plain.end(
      this.limits,
      calls.map(({ endedUs }) => endedUs),
    );
    this.written.push(...calls.filter(({ endedUs }) => endedUs !== undefined));
  }

  #run(what: string, [want, use]: [number, number], rest: string[]): Promise<string[]> {
    return redis.run<string[]>(
      script,
      [`${this.#namespace}:{h}:fly`, ...limitKeyList(this.#namespace, 'h', this.limits)],
      [what, this.nowUs.toFixed(0), want, use, HORIZON_US, 60_000, ...limitArguments(this.limits), ...rest],
    );
  }
}

const rolling = (count: number, perMs = 1_000, pace: 'even' | 'burst' = 'burst', name = 'a'): Limit => ({
  kind: 'rolling',
  name,
  scope: 's1',
  count,
  perMs,
  pace,
});

/** Never more than `count` in any rolling `perMs`. */
function expectNoMore(arrivals: number[], count: number, perMs: number): void {
  const sorted = arrivals.toSorted((a, b) => a - b);
  for (const [i, at] of sorted.entries()) {
    const next = sorted[i + count];
    if (next !== undefined) expect(next - at).toBeGreaterThanOrEqual(perMs * 1_000);
  }
}

// Counts that divide the period, so that the grid has whole microseconds.
const limit = fc.record({
  count: fc.constantFrom(1, 2, 4, 5, 10, 20, 80),
  perMs: fc.constantFrom(100, 1_000, 10_000),
  pace: fc.constantFrom('even' as const, 'burst' as const),
});
const step = fc.oneof(
  fc.record({ do: fc.constant('take' as const), want: fc.integer({ min: 1, max: 12 }), use: fc.nat(12) }),
  fc.record({
    do: fc.constant('end' as const),
    count: fc.integer({ min: 1, max: 8 }),
    tookUs: fc.integer({ min: 0, max: 400_000 }),
    arrived: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  fc.record({ do: fc.constant('unsent' as const) }),
  fc.record({ do: fc.constant('lose' as const) }),
  fc.record({ do: fc.constant('pass' as const), us: fc.integer({ min: 1, max: 700_000 }) }),
);
const shuffledStep = fc.tuple(step, fc.nat(1_000));

/** Does one step; calls end in any order. */
async function act(
  bench: Bench,
  [what, pick]: typeof shuffledStep extends fc.Arbitrary<infer S> ? S : never,
) {
  const any = (): Call[] => bench.open.splice(pick % Math.max(1, bench.open.length), 1);
  if (what.do === 'take') await bench.take(what.want, what.use);
  else if (what.do === 'pass') bench.nowUs += what.us;
  else if (what.do === 'lose') any();
  else if (what.do === 'unsent') await bench.end(any());
  else {
    const calls = Array.from({ length: what.count }, any).flat();
    for (const call of calls) {
      call.endedUs = Math.max(call.momentUs, bench.nowUs) + what.tookUs;
      call.arrivedUs = call.momentUs + what.arrived * (call.endedUs - call.momentUs);
    }
    // Whoever settles does so after the answers.
    bench.nowUs = Math.max(bench.nowUs, ...calls.map(({ endedUs }) => endedUs ?? 0));
    await bench.end(calls);
  }
}

test('any history gives what the plain rules give, and no window at the receiver holds more than its limit', async () => {
  const history = fc.array(shuffledStep, { minLength: 10, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(fc.array(limit, { minLength: 1, maxLength: 3 }), history, async (limits, steps) => {
      const bench = new Bench([
        ...limits.map(({ count, perMs, pace }, i) => rolling(count, perMs, pace, `limit${i}`)),
        { kind: 'concurrency', name: 'calls', scope: 's1', count: 30 },
      ]);
      for (const one of steps) await act(bench, one);
      for (const { count, perMs } of limits)
        expectNoMore(
          bench.written.map(({ arrivedUs }) => arrivedUs ?? 0),
          count,
          perMs,
        );
    }),
    { numRuns: RUNS },
  );
});

test('a limit that changes binds at once and keeps what was counted', async () => {
  const counts = fc.array(
    fc.tuple(fc.constantFrom(1, 2, 5, 10, 20), fc.array(shuffledStep, { maxLength: 20 })),
    {
      minLength: 2,
      maxLength: 5,
    },
  );
  await fc.assert(
    fc.asyncProperty(counts, async (phases) => {
      const bench = new Bench([rolling(1)]);
      for (const [count, steps] of phases) {
        bench.limits = [rolling(count)];
        for (const one of steps) await act(bench, one);
      }
      const most = Math.max(...phases.map(([count]) => count));
      const arrivals = bench.written.map(({ arrivedUs }) => arrivedUs ?? 0);
      expectNoMore(arrivals, most, 1_000);
    }),
    { numRuns: RUNS },
  );
});

test('lowered below what is taken: nothing goes until enough have come free', async () => {
  const bench = new Bench([rolling(10)]);
  await bench.take(10);
  const calls = bench.open.splice(0);
  for (const call of calls) call.endedUs = START_US + 1_000;
  await bench.end(calls);
  bench.limits = [rolling(3)];
  const free = await bench.take(1);
  expect(free).toEqual({ moments: [], nextUs: START_US + 1_001_000, binding: 1 });
});

test('what is granted and not used keeps no place', async () => {
  const bench = new Bench([rolling(5)]);
  expect((await bench.take(5, 2)).moments).toHaveLength(2);
  expect((await bench.take(5, 0)).moments).toHaveLength(0);
  expect((await bench.take(5)).moments).toHaveLength(3);
});

test('a call whose answer is lost keeps its place; one that was never written frees it at once', async () => {
  const bench = new Bench([rolling(2)]);
  await bench.take(2);
  bench.nowUs += 3_600_000_000;
  expect(await bench.take(1)).toEqual({ moments: [], nextUs: Number.POSITIVE_INFINITY, binding: 1 });
  await bench.end(bench.open.splice(0, 1));
  expect((await bench.take(2)).moments).toEqual([bench.nowUs]);
});

test('an even pace goes by a grid of P/n, and catches up no more than 50 ms', async () => {
  const bench = new Bench([rolling(100, 1_000, 'even')]);
  const { moments } = await bench.take(12);
  expect(moments).toEqual([0, 0, 0, 0, 0, 0, 10, 20, 30, 40, 50].map((ms) => START_US + ms * 1_000));
  bench.nowUs += 10_000_000;
  const later = await bench.take(12);
  expect(later.moments.filter((at) => at === bench.nowUs)).toHaveLength(6);
});

test('several limits: the one that binds is named, with its moment', async () => {
  const minute = rolling(3, 60_000, 'burst', 'minute');
  const bench = new Bench([rolling(2, 1_000, 'burst', 'second'), minute]);
  const first = await bench.take(3);
  expect([first.moments.length, first.binding]).toEqual([2, 1]);
  const calls = bench.open.splice(0);
  for (const call of calls) call.endedUs = START_US;
  await bench.end(calls);
  expect(await bench.take(1)).toEqual({ moments: [], nextUs: START_US + 1_000_000, binding: 1 });
  bench.nowUs += 1_000_000;
  expect((await bench.take(3)).binding).toBe(2);
  const [call] = bench.open.splice(0);
  if (call) await bench.end([{ ...call, endedUs: bench.nowUs }]);
  expect(await bench.take(1)).toEqual({ moments: [], nextUs: START_US + 60_000_000, binding: 2 });
});
