// One process of a simulation: every so-manieth seed, told to its parent.
import { systemClock } from '../../src/base/clock.ts';
import { createRedis } from '../../src/base/redis.ts';
import { freshNamespace, redisUrl } from '../support/services.ts';
import { BUGS } from './bugs.ts';
import { simulateAll } from './simulate.ts';
import { scriptBook } from './virtual-redis.ts';

/** What a child tells of one seed; `trace` of a broken one. */
export interface Word {
  seed: number;
  broken: string[];
  steps: number;
  trace?: readonly string[];
}

const [from = 0, to = 0, stride = 1] = process.argv.slice(2, 5).map(Number);
const bug = BUGS.find(({ name }) => name === process.argv[5]);
const redis = createRedis(redisUrl(), systemClock);
const options = { redis, namespace: freshNamespace(), book: scriptBook(bug?.scripts), bug };
await simulateAll({ from, to, stride }, options, ({ seed, broken, trace }) => {
  const word: Word = { seed, broken, steps: trace.length, ...(broken.length > 0 ? { trace } : {}) };
  process.send?.(word);
});
await redis.close();
process.disconnect?.();
