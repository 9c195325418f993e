// What a platform says by itself, as pacing keeps it: windows and guard against a plain reading of all messages, holds by the latest word.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock as clock } from '../../src/base/clock.ts';
import { createRedis, type Redis } from '../../src/base/redis.ts';
import { loadScript } from '../../src/base/script.ts';
import { holdFields, holdsKey, limitKeys, windowKey } from '../../src/pacing/keys.ts';
import { hear, sayHold } from '../../src/pacing/said.ts';
import { freshNamespace, redisUrl } from '../support/services.ts';

const SECOND_US = 1_000_000;
const heard = loadScript(`${import.meta.dirname}/../../src/pacing`, 'lua/heard.lua');
let redis: Redis;
beforeAll(() => {
  redis = createRedis(redisUrl(), clock);
});
afterAll(() => redis.close());

const message = fc.record({
  afterS: fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 400 })),
  count: fc.integer({ min: 1, max: 9 }),
  person: fc.constantFrom('ana', 'ben', 'cem'),
});

/** The two of the second message are too old to be kept free for when the third comes. */
const longAgo = [
  { afterS: 0, count: 3, person: 'ana' },
  { afterS: 1, count: 2, person: 'ana' },
  { afterS: 400, count: 1, person: 'ana' },
];

test('windows and guard are what a plain reading of the messages says', async () => {
  const startUs = clock.now() * 1_000;
  await fc.assert(
    fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 25 }), async (messages) => {
      const home = `{${freshNamespace()}}`;
      const [window, state] = [`${home}:window`, `${home}:state`];
      const inSecond = new Map<number, number>();
      const ends = new Map<string, number>();
      let nowUs = startUs;
      for (const { afterS, count, person } of messages) {
        nowUs += afterS * SECOND_US;
        const second = Math.floor(nowUs / SECOND_US);
        inSecond.set(second, (inSecond.get(second) ?? 0) + count);
        const before = Number(ends.get(person) ?? 0);
        ends.set(person, nowUs + 24 * 3_600 * SECOND_US);
        const args = [nowUs.toFixed(0), second, count, person, ends.get(person) ?? 0];
        const [guard, opened] = await redis.run<[number, number]>(heard, [window, state], args);
        expect(opened).toBe(before > nowUs ? 0 : 1);
        // At least what just came, and at most what ever came in one second of the three minutes before.
        const recent = [...inSecond].filter(([at]) => at > second - 181).map(([, n]) => n);
        expect(guard).toBeGreaterThanOrEqual(inSecond.get(second) ?? 0);
        expect(guard).toBeLessThanOrEqual(Math.max(...recent));
        const minute = [...inSecond].filter(([at]) => at > second - 60).map(([, n]) => n);
        expect(guard).toBeGreaterThanOrEqual(Math.max(...minute));
      }
      expect(Number(await redis.client.hget(state, 'guard_until'))).toBeGreaterThan(nowUs);
      const scores = await redis.client.zmscore(window, ...ends.keys());
      expect(scores.map(Number)).toEqual([...ends.values()]);
      expect(await redis.client.pttl(window)).toBeGreaterThan(0);
      expect(await redis.client.pttl(state)).toBeGreaterThan(0);
      await redis.client.del(window, state);
    }),
    { numRuns: 40, examples: [[longAgo]] },
  );
});

test('ended windows are dropped in bounded steps, an older message does not shorten one', async () => {
  const namespace = freshNamespace();
  const key = windowKey(namespace, 's:s1', 's1');
  const at = clock.now();
  const stale = Array.from({ length: 1_200 }, (_, i) => [String(i + 1), `gone-${i}`]).flat();
  await redis.client.zadd(key, ...stale);
  const persons = (atMs: number) => new Map([['ana', atMs]]);
  const inbound = { home: 's:s1', sender: 's1', platform: 'meta', count: 1, arrivedMs: at };
  await hear(redis, namespace, { ...inbound, persons: persons(at) });
  expect(await redis.client.zcard(key)).toBe(701);
  await hear(redis, namespace, { ...inbound, persons: persons(at - 60_000) });
  await hear(redis, namespace, { ...inbound, persons: new Map() });
  expect(await redis.client.zcard(key)).toBe(201);
  expect(Number(await redis.client.zscore(key, 'ana'))).toBe((at + 86_400_000) * 1_000);
  const { state } = limitKeys(namespace, 's:s1', 's1', 'meta.throughput');
  expect(Number(await redis.client.hget(state, 'guard'))).toBe(3);
});

test('the latest word on a hold stands, in whatever order the words come', async () => {
  const home = 'p:bm';
  const field = holdFields.template('offer', 'en_US');
  const word = fc.record({ saidMs: fc.integer({ min: 1, max: 1_000 }), holds: fc.boolean() });
  const words = fc.uniqueArray(word, { selector: ({ saidMs }) => saidMs, minLength: 1, maxLength: 6 });
  const untilMs = clock.now() + 3_600_000;
  await fc.assert(
    fc.asyncProperty(words, async (said) => {
      const namespace = freshNamespace();
      for (const { saidMs, holds } of [...said, ...said])
        await sayHold(redis, namespace, {
          home,
          field,
          saidMs,
          code: 'PAUSED|x',
          untilMs: holds ? untilMs : undefined,
        });
      const last = said.toSorted((a, b) => a.saidMs - b.saidMs).at(-1);
      const stands = await redis.client.hget(holdsKey(namespace, home), field);
      expect(stands).toBe(last?.holds ? `${untilMs * 1_000}|PAUSED_x|0|` : null);
    }),
    { numRuns: 25 },
  );
});
