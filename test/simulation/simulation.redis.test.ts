// Some hundred small worlds, and the mistakes that must be found in them. `npm run simulate` runs as many as one likes.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createRedis, type Redis } from '../../src/base/redis.ts';
import { freshNamespace, redisUrl } from '../support/services.ts';
import { BUGS } from './bugs.ts';
import { type Simulated, simulate, simulateAll } from './simulate.ts';
import { scriptBook } from './virtual-redis.ts';

const SEEDS = 100;
/** A planted bug is looked for in so many seeds, … */
const LOOKED_AT = 500;
/** … from one on in which it shows. */
const SHOWS: Record<string, number> = {
  "done before the log's ack": 61,
  'a random id on retry': 18,
  'started treated as queued after a restart': 68,
  'a take without fencing': 48,
  'a settle that ignores its try': 302,
};

let redis: Redis;
const book = scriptBook();
beforeAll(() => {
  redis = createRedis(redisUrl(), systemClock);
});
afterAll(() => redis?.close());

const run = (seed: number, namespace = freshNamespace()): Promise<Simulated> =>
  simulate(seed, { redis, namespace, book });

test('nothing is lost, nothing is sent twice, and everything comes to rest', async () => {
  const broken: string[] = [];
  let faults = 0;
  await simulateAll({ from: 0, to: SEEDS }, { redis, namespace: freshNamespace(), book }, (one) => {
    faults += one.faults;
    if (one.broken.length > 0) broken.push(`seed ${one.seed}: ${one.broken.join('; ')}`);
  });
  expect(broken).toEqual([]);
  expect(faults).toBeGreaterThan(SEEDS);
}, 240_000);

test('the same seed goes the same way, alone and beside others', async () => {
  const among = new Map<number, Simulated>();
  await simulateAll({ from: 1, to: 17 }, { redis, namespace: freshNamespace(), book }, (one) => {
    among.set(one.seed, one);
  });
  for (const seed of [1, 2, 3, 4, 5]) {
    const [one, other] = [await run(seed), await run(seed)];
    expect(one.trace).toEqual(other.trace);
    expect(one.trace).toEqual(among.get(seed)?.trace);
    expect(one.hash).toBe(other.hash);
  }
});

test.each(BUGS.map((bug) => [bug.name, bug] as const))(
  'planted and found: %s',
  async (name, bug) => {
    const planted = { redis, namespace: freshNamespace(), book: scriptBook(bug.scripts), bug };
    const from = SHOWS[name] ?? 0;
    let found: string[] = [];
    await simulateAll(
      { from, to: from + LOOKED_AT },
      planted,
      ({ broken }) => {
        if (broken.length > 0) found = broken;
      },
      () => found.length === 0,
    );
    expect(found).not.toEqual([]);
  },
  240_000,
);
