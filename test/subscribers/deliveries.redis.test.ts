// The store of deliveries on real Redis: a record is handed out once at a time, tried again when told, and bounded in every way.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock as clock } from '../../src/base/clock.ts';
import { createRedis, type Redis } from '../../src/base/redis.ts';
import {
  createDeliveries,
  type Deliveries,
  type Delivery,
  type Tried,
} from '../../src/subscribers/deliveries.ts';
import { endpointKeys } from '../../src/subscribers/keys.ts';
import { recordOfOne } from '../../src/subscribers/publish.ts';
import { freshNamespace, redisUrl } from '../support/services.ts';

const OWNER = { workspace: 'acme', environment: 'live' as const };
const HIDDEN_MS = 60_000;

let redis: Redis;
let namespace: string;
let deliveries: Deliveries;
beforeAll(() => {
  redis = createRedis(redisUrl(), clock);
  namespace = freshNamespace();
  deliveries = createDeliveries(redis, namespace);
});
afterAll(() => redis?.close());

const endpoint = () => ({ ...OWNER, id: `whk_${randomUUID()}` });
const record = () =>
  recordOfOne({ ...OWNER, id: `evt_${randomUUID()}`, type: 'job.completed', atMs: clock.now(), data: {} });

const triedOf = (delivery: Delivery, status: number): Tried => ({
  id: delivery.record.id,
  position: delivery.position,
  type: 'job.completed',
  events: 1,
  attempt: delivery.attempt,
  at: '',
  duration_ms: 1,
  status,
  error: null,
  next_attempt_at: null,
});

async function one(ref: ReturnType<typeof endpoint>): Promise<Delivery> {
  const { deliveries: found } = await deliveries.claim(ref, 1, HIDDEN_MS);
  if (!found[0]) throw new Error('nothing is due');
  return found[0];
}

test('a record is stored once, and handed out to one at a time', async () => {
  const [first, second] = [endpoint(), endpoint()];
  const told = record();
  expect(await deliveries.put(told, [first, second])).toEqual([1, 1]);
  expect(await deliveries.put(told, [first, second])).toEqual([1, 1]);
  const delivery = await one(first);
  expect(delivery).toMatchObject({ attempt: 1, record: told });
  expect((await deliveries.claim(first, 5, HIDDEN_MS)).deliveries).toEqual([]);
  await deliveries.end(first, delivery, { againMs: undefined, untilMs: 0, tried: triedOf(delivery, 204) });
  expect((await deliveries.claim(first, 5, HIDDEN_MS)).nextMs).toBeUndefined();
  // The log brings it again: it is known, and not told again.
  await deliveries.put(told, [first, second]);
  expect((await deliveries.claim(first, 5, HIDDEN_MS)).deliveries).toEqual([]);
  expect((await deliveries.claim(second, 5, HIDDEN_MS)).deliveries).toHaveLength(1);
});

test('a try that failed comes again at its time, with its number; the end of a try counts once', async () => {
  const ref = endpoint();
  await deliveries.put(record(), [ref]);
  const delivery = await one(ref);
  const ending = { againMs: clock.now() - 1, untilMs: 0, tried: triedOf(delivery, 500) };
  expect(await deliveries.end(ref, delivery, ending)).toMatchObject({ failures: 1 });
  expect(await deliveries.end(ref, delivery, ending)).toMatchObject({ failures: 1 });
  const again = await one(ref);
  expect(again.attempt).toBe(2);
  const later = { againMs: clock.now() + 60_000, untilMs: 0, tried: triedOf(again, 500) };
  expect(await deliveries.end(ref, again, later)).toMatchObject({ failures: 2 });
  const { deliveries: none, nextMs } = await deliveries.claim(ref, 1, HIDDEN_MS);
  expect(none).toEqual([]);
  expect(nextMs).toBe(later.againMs);
  expect((await deliveries.tried(ref, 10, undefined)).map(({ tried }) => tried.attempt)).toEqual([2, 1]);
});

test('a pause holds the whole endpoint; a success after several failures makes all that waits due', async () => {
  const ref = endpoint();
  for (let i = 0; i < 5; i += 1) await deliveries.put(record(), [ref]);
  for (let i = 0; i < 3; i += 1) {
    const delivery = await one(ref);
    const untilMs = i === 2 ? clock.now() + 60_000 : 0;
    await deliveries.end(ref, delivery, {
      againMs: clock.now() + 60_000,
      untilMs,
      tried: triedOf(delivery, 503),
    });
  }
  expect((await deliveries.claim(ref, 5, HIDDEN_MS)).deliveries).toEqual([]);
  await redis.client.hset(endpointKeys(namespace, ref).state, 'until', '0');
  const delivery = await one(ref);
  await deliveries.end(ref, delivery, { againMs: undefined, untilMs: 0, tried: triedOf(delivery, 200) });
  expect((await deliveries.claim(ref, 5, HIDDEN_MS)).deliveries).toHaveLength(4);
});

test('what is kept no more is said to be gone, and what is taken away leaves nothing', async () => {
  const ref = endpoint();
  await deliveries.put(record(), [ref]);
  const keys = endpointKeys(namespace, ref);
  await redis.client.zadd(keys.due, 1, '1-1');
  const { deliveries: found, gone } = await deliveries.claim(ref, 5, HIDDEN_MS);
  expect([found.length, gone]).toEqual([1, 1]);
  for (const key of [keys.due]) expect(await redis.client.pttl(key)).toBeGreaterThan(0);
  await deliveries.forget(ref);
  expect(await redis.client.exists(...Object.values(keys))).toBe(0);
});

test('one delivery, and all of a time range, go again', async () => {
  const ref = endpoint();
  const from = clock.now();
  const told = Array.from({ length: 3 }, record);
  for (const each of told) await deliveries.put(each, [ref]);
  const { deliveries: found } = await deliveries.claim(ref, 5, HIDDEN_MS);
  for (const delivery of found)
    await deliveries.end(ref, delivery, { againMs: undefined, untilMs: 0, tried: triedOf(delivery, 200) });
  expect(await deliveries.replayOne(ref, told[1]?.id ?? '')).toBe(true);
  expect((await one(ref)).record).toEqual(told[1]);
  expect(await deliveries.replayOne(ref, 'evt_unknown')).toBe(false);
  expect(await deliveries.replay(ref, from, clock.now())).toEqual({ count: 3, untilMs: undefined });
  expect((await deliveries.claim(ref, 5, HIDDEN_MS)).deliveries).toHaveLength(3);
  expect(await deliveries.replay(ref, 0, 1)).toEqual({ count: 0, untilMs: undefined });
  expect(new Set(await deliveries.takeHints())).toContain(ref.id);
});
