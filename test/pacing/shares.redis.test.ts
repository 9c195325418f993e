// Senders that wait for one limit of their home get the same, however much oftener one of them asks.
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createRedis } from '../../src/base/redis.ts';
import { loadScript } from '../../src/base/script.ts';
import { sharesKey } from '../../src/pacing/keys.ts';
import { freshNamespace, redisUrl } from '../support/services.ts';

const script = loadScript(import.meta.dirname, '../support/lua/shares.lua');
const redis = createRedis(redisUrl(), systemClock);
afterAll(() => redis.close());

const START_US = 1_800_000_000_000_000;
const WANT = 64;

async function served(turns: readonly string[], rounds: number): Promise<Record<string, number>> {
  const key = sharesKey(freshNamespace(), 'h');
  const got: Record<string, number> = {};
  let there = 0;
  let nowUs = START_US;
  for (let round = 0; round < rounds; round += 1) {
    there += 4;
    nowUs += 40_000;
    for (const sender of turns) {
      const used = await redis.run<number>(script, [key], [nowUs, sender, WANT, there]);
      got[sender] = (got[sender] ?? 0) + used;
      there -= used;
    }
  }
  return got;
}

test('the first to ask gets no more than the others', async () => {
  const got = await served(['a', 'b', 'c'], 100);
  const counts = Object.values(got);
  console.info(got);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(400);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(32);
});

test('nor does one who asks three times as often', async () => {
  const got = await served(['a', 'b', 'a', 'a'], 100);
  console.info(got);
  expect(Math.abs((got.a ?? 0) - (got.b ?? 0))).toBeLessThanOrEqual(32);
});
