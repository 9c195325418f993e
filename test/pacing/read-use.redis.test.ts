// What is read of a limit is what its keys say: places by when they come free, people by their last call, and the count for now.
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createRedis } from '../../src/base/redis.ts';
import type { Limit } from '../../src/contract/limit.ts';
import { limitKeys } from '../../src/pacing/keys.ts';
import { readUse } from '../../src/pacing/read-use.ts';
import { nextFreeUs, usedOf } from '../../src/pacing/use.ts';
import { freshNamespace, redisUrl } from '../support/services.ts';

const redis = createRedis(redisUrl(), systemClock);
afterAll(() => redis.close());

const DAY_MS = 86_400_000;
const rolling: Limit = {
  kind: 'rolling',
  name: 'day',
  scope: 's1',
  count: 1_000,
  perMs: DAY_MS,
  pace: 'burst',
};
const tier: Limit = { kind: 'unique', name: 'meta.messaging_limit', scope: 'bm', count: 100, perMs: DAY_MS };

/** One limit whose keys `fill` writes, as it is read. */
async function read(
  limit: Limit,
  fill: (keys: { state: string; times: string }, nowUs: number) => Promise<unknown>,
) {
  const namespace = freshNamespace();
  const [seconds = 0] = await redis.client.time();
  await fill(limitKeys(namespace, 'h', limit.scope, limit.name), Number(seconds) * 1_000_000);
  const { nowUs, uses } = await readUse(redis, namespace, 'h', [limit]);
  const [use] = uses;
  if (!use) throw new Error('nothing was read');
  return { nowUs, use, used: usedOf(use, nowUs), nextUs: nextFreeUs(use, nowUs) };
}

test('a limit that nobody has used is free', async () => {
  const { use, used, nowUs, nextUs } = await read(rolling, async () => {});
  expect([use.count, used, nextUs]).toEqual([1_000, 0, nowUs]);
});

test('places that are held, taken and free again', async () => {
  const { use, used } = await read(rolling, async ({ state, times }, nowUs) => {
    await redis.client.hset(state, { held: 7, grid: nowUs });
    // 300 have come free already, 500 come free second by second, and 40 in one bucket.
    const gone = Array.from({ length: 300 }, (_, i) => String(nowUs - 1_000_000 + i));
    const taken = Array.from({ length: 500 }, (_, i) => String(nowUs + 60_000_000 + i * 1_000_000));
    await redis.client.rpush(times, ...gone, ...taken, `${nowUs + 1_000_000_000}:40`);
  });
  expect([used, use.held]).toEqual([547, 7]);
  expect(use.releases.length).toBeLessThanOrEqual(97);
});

test('the count for now: what the platform allows, less what is left to what comes in', async () => {
  const lowered = await read(rolling, ({ state }, nowUs) =>
    redis.client.hset(state, { cap: '60.5', guard: 10, guard_until: nowUs + 60_000_000 }),
  );
  expect(lowered.use.count).toBeCloseTo(50.5);
});

test('people count for a day from their last call, and those under way are held', async () => {
  const { use, used, nowUs, nextUs } = await read(tier, async ({ state }, now) => {
    const people = [
      ...Array.from({ length: 20 }, (_, i) => [now - DAY_MS * 1_000 - 5_000_000, `gone${i}`]),
      ...Array.from({ length: 97 }, (_, i) => [now - 3_600_000_000 + i * 1_000_000, `p${i}`]),
      ...Array.from({ length: 3 }, (_, i) => [now + 30_000_000, `flying${i}`]),
    ];
    await redis.client.zadd(state, ...people.flat());
  });
  expect([used, use.held]).toEqual([100, 3]);
  expect(((nextUs ?? 0) - nowUs) / 1_000_000).toBeGreaterThan(86_400 - 3_602);
  expect(((nextUs ?? 0) - nowUs) / 1_000_000).toBeLessThanOrEqual(86_400 - 3_597);
});
