// An idle sender costs no key: when its job is done, every key of its home dies by itself, and what has no time of its own is gone.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createRedis, type Redis } from '../../src/base/redis.ts';
import { bulk } from '../support/client.ts';
import { redisUrl } from '../support/services.ts';
import { servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

/** A lane whose calls were under way when its turn ended stands in its home's set until their deadline. */
const DEADLINE_MS = 45_000;
const served = servedStage();
let redis: Redis;
beforeAll(() => {
  redis = createRedis(redisUrl(), systemClock);
});
afterAll(() => redis.close());

async function keysOf(pattern: string): Promise<string[]> {
  const found: string[] = [];
  for (let cursor = '0'; ; ) {
    const [next, some] = await redis.client.scan(cursor, 'MATCH', pattern, 'COUNT', 10_000);
    found.push(...some);
    if (next === '0') return found;
    cursor = next;
  }
}

test('no key of an idle sender lives for ever', { timeout: 2 * DEADLINE_MS }, async () => {
  const { stage, service } = served;
  const { id } = await service.api.send(bulk(50));
  await service.api.completed(id);
  const eternal = async (): Promise<string[]> => {
    const keys = await keysOf(`${stage.namespace}:{s:s1}:*`);
    expect(keys.length).toBeGreaterThan(0);
    const lives = await Promise.all(keys.map((key) => redis.client.pttl(key)));
    return keys.filter((_, i) => lives[i] === -1);
  };
  await until(async () => (await eternal()).length === 0, {
    what: 'every key of the home has its time',
    timeoutMs: DEADLINE_MS,
  }).catch(async () => expect(await eternal()).toEqual([]));
  expect(await keysOf(`{${stage.namespace}-queue}:tickets:s1.*`)).toEqual([]);
});
