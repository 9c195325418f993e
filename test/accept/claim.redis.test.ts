import { createHash } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { type Claimed, createClaims, type Held } from '../../src/accept/claim.ts';
import { idempotencyKeys } from '../../src/accept/keys.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createRedis, type Redis } from '../../src/base/redis.ts';
import { freshNamespace, redisUrl } from '../support/services.ts';

const real = createRedis(redisUrl(), systemClock);
const namespace = freshNamespace();
afterAll(() => real.close());

/** Every script runs twice, as it does when its first reply was lost; the second reply counts. */
const twice: Redis = {
  ...real,
  run: async <T>(...call: Parameters<Redis['run']>): Promise<T> => {
    await real.run(...call);
    return real.run<T>(...call);
  },
};
const claims = createClaims(twice, systemClock);
const order = (key: string, keyless = false) => ({
  keys: idempotencyKeys(namespace, { workspace: 'acme', environment: 'live', route: 'r', key }),
  fingerprint: createHash('sha256').update('body').digest(),
  keyless,
  job: 'job_1',
  home: 'p:bm',
});
const held = (claimed: Claimed): Held => {
  if (claimed.state === 'held') return claimed.held;
  throw new Error(`the claim is ${claimed.state}`);
};
const done = { state: 'done', job: 'job_1', home: 'p:bm', reply: '{"a":1}' };

test('claim, then done: a lost reply changes neither', async () => {
  const mine = held(await claims.claim(order('a')));
  expect((await claims.claim(order('a'))).state).toBe('busy');
  expect(await claims.done(mine, '{"a":1}')).toEqual(done);
  expect(await claims.claim(order('a'))).toEqual(done);
});

test('a release that ran twice frees the key once, and leaves the next holder alone', async () => {
  const mine = held(await claims.claim(order('b')));
  await claims.release(mine, false);
  const next = held(await claims.claim(order('b')));
  await claims.release(mine, false);
  expect((await claims.claim(order('b'))).state).toBe('busy');
  expect((await claims.done(next, '')).state).toBe('done');
});

test('given up unsure, it goes to the next with the first time of making', async () => {
  const mine = held(await claims.claim(order('c')));
  await claims.release(mine, true);
  const next = held(await claims.claim({ ...order('c'), job: 'job_2', home: 'p:moved' }));
  expect([next.job, next.home, next.createdMs]).toEqual([mine.job, mine.home, mine.createdMs]);
  expect((await claims.done(mine, '')).state).toBe('busy');
  await claims.release(next, false);
  expect((await claims.claim({ ...order('c'), fingerprint: Buffer.alloc(32) })).state).toBe('mismatch');
});

test('a memory that lost the claim still ends with the job it made', async () => {
  const mine = held(await claims.claim(order('d')));
  await real.client.del(mine.keys.claim);
  expect(await claims.done(mine, '{"a":1}')).toEqual(done);
});

test('a key that nobody can send again is forgotten at the end, and looking claims nothing', async () => {
  const mine = held(await claims.claim(order('e', true)));
  expect((await claims.done(mine, '')).state).toBe('done');
  expect((await claims.claim({ ...order('f'), job: '', home: '' })).state).toBe('absent');
  expect(await real.client.exists(order('e').keys.claim, order('f').keys.claim)).toBe(0);
});
