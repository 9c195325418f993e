// Requests under the plans' windows, in virtual time: never more than the count in any rolling period, and none refused that may go.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createRedis, type Redis } from '../../src/base/redis.ts';
import { bucketUsOf, type RollingLimit } from '../../src/contract/limit.ts';
import { PLANS, requestLimitsOf } from '../../src/contract/plan.ts';
import { createLocalRequests } from '../../src/pacing/local-requests.ts';
import { createRequestLimiter } from '../../src/pacing/requests.ts';
import { seededRandom } from '../support/dice.ts';
import { createHandClock } from '../support/hand-clock.ts';
import { countRequests } from '../support/request-loop.ts';
import { freshNamespace, redisUrl } from '../support/services.ts';

const START_US = 1_800_000_000_000_000;
const TOGETHER = 1_000;
const namespace = freshNamespace();
let redis: Redis;
beforeAll(() => {
  redis = createRedis(redisUrl(), systemClock);
});
afterAll(() => redis.close());

/** A window as a plain list: of up to 2,000 places each is free one period after its request; of more, after the end of its bucket. */
class Window {
  readonly #limit: RollingLimit;
  /** When each place came or comes free, rising. */
  readonly #freeUs: number[] = [];
  readonly grantedUs: number[] = [];
  #first = 0;
  constructor(limit: RollingLimit) {
    this.#limit = limit;
  }
  full(nowUs: number): boolean {
    while ((this.#freeUs[this.#first] ?? Infinity) <= nowUs) this.#first += 1;
    return this.#freeUs.length - this.#first >= this.#limit.count;
  }
  take(nowUs: number): void {
    const widthUs = bucketUsOf(this.#limit);
    const endUs = widthUs ? (Math.floor(nowUs / widthUs) + 1) * widthUs : nowUs;
    this.#freeUs.push(endUs + this.#limit.perMs * 1_000);
    this.grantedUs.push(nowUs);
  }
  /** The most in any rolling period. */
  worst(): number {
    let [most, from] = [0, 0];
    for (const [i, atUs] of this.grantedUs.entries()) {
      while ((this.grantedUs[from] ?? 0) <= atUs - this.#limit.perMs * 1_000) from += 1;
      most = Math.max(most, i - from + 1);
    }
    return most;
  }
}

/** Moments at which a client asks: now faster than the window, now slower, with bursts at one moment. */
function* moments({ count, perMs }: RollingLimit, random: () => number): Generator<number> {
  const evenUs = (perMs * 1_000) / count;
  for (let atUs = START_US, left = 0, pace = 1; ; left -= 1) {
    if (left <= 0)
      [left, pace] = [1 + random() * count * 0.4, [0, 0.2, 0.5, 0.8, 1.1][Math.floor(random() * 5)] ?? 1];
    atUs += Math.floor(random() * 2 * pace * evenUs);
    yield atUs;
  }
}

const cases = (['free', 'pro', 'business', 'agency'] as const).flatMap((plan) =>
  requestLimitsOf(plan, 'GET /').map((limit) => ({ plan, window: limit.name, limit })),
);

test('the table of the plans', () => {
  const table = cases.map(({ plan, window, limit: { count } }) => `${plan} ${window} ${count}`);
  expect(table).toEqual([
    ...['free minute 30', 'free hour 500', 'free day 2000'],
    ...['pro minute 120', 'pro hour 5000', 'pro day 50000'],
    ...['business minute 600', 'business hour 20000', 'business day 200000'],
    ...['agency minute 2000', 'agency hour 100000'],
  ]);
  expect(PLANS.agency.per_day).toBeNull();
});

test.each(cases)('$plan, $window: 0 over, 0 wrongly refused', async ({ plan, window, limit }) => {
  const random = seededRandom(limit.count);
  const source = moments(limit, random);
  const total = Math.min(4 * limit.count, Math.round(1.05 * limit.count) + 3_000);
  const model = new Window(limit);
  let [over, wrong, refused] = [0, 0, 0];
  for (let done = 0; done < total; done += TOGETHER) {
    const times = Array.from({ length: Math.min(TOGETHER, total - done) }, () => Number(source.next().value));
    const verdicts = await countRequests(redis, namespace, `${plan}-${window}`, [limit], times);
    for (const [i, granted] of verdicts.entries()) {
      const full = model.full(times[i] ?? 0);
      if (granted && full) over += 1;
      if (!granted && !full) wrong += 1;
      if (granted) model.take(times[i] ?? 0);
      else refused += 1;
    }
  }
  expect({ over, wrong }).toEqual({ over: 0, wrong: 0 });
  expect(refused).toBeGreaterThan(0);
  // In buckets a place is free up to one of them late, which may leave a few unused at any moment.
  expect(model.worst()).toBeGreaterThanOrEqual(bucketUsOf(limit) ? 0.98 * limit.count : limit.count);
  expect(model.worst()).toBeLessThanOrEqual(limit.count);
});

test('a request that one window refuses takes nothing of the others', async () => {
  const limits = requestLimitsOf({ ...PLANS.free, per_second: 2, per_minute: 5 }, 'GET /');
  const windows = limits.map((limit) => new Window(limit));
  const random = seededRandom(7);
  const times: number[] = [];
  for (let atUs = START_US; times.length < 6_000; atUs += Math.floor(random() * 3_000_000)) times.push(atUs);
  const verdicts = await countRequests(redis, namespace, 'together', limits, times);
  const should = times.map((atUs) => {
    const may = !windows.map((window) => window.full(atUs)).includes(true);
    for (const window of may ? windows : []) window.take(atUs);
    return may;
  });
  expect(verdicts).toEqual(should);
  expect(windows.map((window) => window.worst()).slice(0, 2)).toEqual([2, 5]);
});

test('what is told: use, and when the next place is free; a replay gives its place back', async () => {
  let nowUs = START_US;
  const limiter = createRequestLimiter(redis, namespace, () => nowUs);
  const limits = requestLimitsOf({ ...PLANS.free, per_minute: 2, per_hour: 5_000, per_day: null }, 'GET /');
  const uses = async () =>
    (await limiter.count('k', limits)).uses.map(({ used, freeAtUs }) => [used, freeAtUs]);
  const bucketUs = 3_600_000_000 / 1_440;
  const hourUs = START_US + bucketUs - (START_US % bucketUs) + 3_600_000_000;
  expect(await uses()).toEqual([
    [1, START_US + 60_000_000],
    [1, hourUs],
  ]);
  nowUs += 1_000;
  const second = await limiter.count('k', limits);
  expect(second.granted).toBe(true);
  const full = await limiter.count('k', limits);
  expect([full.granted, full.uses[0]?.freeAtUs, full.uses[1]?.used]).toEqual([
    false,
    START_US + 60_000_000,
    2,
  ]);
  const back = await limiter.giveBack('k', limits, second.nowUs);
  expect(back.uses.map(({ used }) => used)).toEqual([1, 1]);
  expect((await limiter.count('k', limits)).granted).toBe(true);
});

test('a plan that is lowered counts what was counted, and one that is raised admits only what it adds', async () => {
  let nowUs = START_US;
  const limiter = createRequestLimiter(redis, namespace, () => nowUs);
  const perMinute = (count: number) =>
    requestLimitsOf({ ...PLANS.agency, per_minute: count, per_hour: null }, '');
  const granted = async (count: number) => (await limiter.count('changed', perMinute(count))).granted;
  for (let i = 0; i < 10; i += 1) {
    nowUs += 1_000;
    expect(await granted(10)).toBe(true);
  }
  expect([await granted(10), await granted(11), await granted(11), await granted(5)]).toEqual([
    false,
    true,
    false,
    false,
  ]);
  // Lowered to 5: the next goes when only four of the eleven still count.
  const { uses } = await limiter.count('changed', perMinute(5));
  expect(uses[0]?.freeAtUs).toBe(START_US + 7_000 + 60_000_000);
  nowUs = START_US + 7_000 + 60_000_000;
  expect(await granted(5)).toBe(true);
  expect(await granted(3_000)).toBe(true);
});

test('alone, a process holds the same windows', () => {
  const clock = createHandClock();
  const local = createLocalRequests(clock);
  const limits = requestLimitsOf({ ...PLANS.free, per_second: 2 }, 'GET /');
  expect([local('a', limits), local('a', limits), local('b', limits)]).toEqual([0, 0, 0]);
  expect(local('a', limits)).toBeCloseTo(1_000);
  clock.pass(1_000_000);
  expect(local('a', limits)).toBe(0);
});
