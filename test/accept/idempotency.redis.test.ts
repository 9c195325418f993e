import { afterAll, beforeEach, expect, test } from 'vitest';
import { restoreClaim } from '../../src/accept/claim.ts';
import { systemClock as clock } from '../../src/base/clock.ts';
import { Failure, unavailable } from '../../src/base/failure.ts';
import { createRedis } from '../../src/base/redis.ts';
import type { Appended, LogEntry, Topic } from '../../src/log/port.ts';
import { bodyOf, chunksOf, failureOf, openStation, request, sealsOf } from './station.ts';

type Append = (topic: Topic, entries: readonly LogEntry[]) => Promise<Appended>;

/** What the next append does instead of just appending. */
let fault: ((append: () => Promise<Appended>) => Promise<Appended>) | undefined;
let appends = 0;
const station = openStation({
  wrap: (log) => ({
    append: ((topic, entries) => {
      appends += 1;
      const now = fault;
      fault = undefined;
      return now ? now(() => log.append(topic, entries)) : log.append(topic, entries);
    }) satisfies Append,
  }),
});
const { accept, redis, keysOf } = station;
const lost = () => new Failure({ code: 'unavailable', message: 'no answer', repeat: 'unsafe' });
let n = 0;
let key = '';
beforeEach(() => {
  n += 1;
  key = `key-${n}`;
  appends = 0;
  fault = undefined;
});
afterAll(() => redis.close());

const recordsOf = async (job: string) => (await station.records()).filter((one) => one.job === job);
const body = bodyOf(3, { messages: [{ to: '+16505550001' }, { to: '+16505550001' }, { to: 'x' }] });
const other = bodyOf(4);

test('the same key and body: the same answer, nothing appended; another body: mismatch', async () => {
  const first = await accept.bulk(request(body, key));
  const again = await accept.bulk(request(body, key));
  expect(again).toEqual({ ...first, accepted: undefined, replayed: true });
  expect(await accept.bulk(request(body, `"${key}"`))).toEqual(again);
  expect(appends).toBe(1);
  for (const wrong of [
    request(other, key),
    request(body, key, { query: 'a=1' }),
    request(body, key, { contentType: 'text/csv' }),
    request(`${JSON.stringify(body)} `, key),
  ])
    expect((await failureOf(accept.bulk(wrong))).code).toBe('idempotency_mismatch');
});

test('the key may stand in the body, and is the same key', async () => {
  const inBody = { ...body, idempotency_key: key };
  const first = await accept.bulk(request(inBody));
  expect(await accept.bulk(request(inBody, key))).toEqual({ ...first, accepted: undefined, replayed: true });
});

test('another workspace, environment or route has its own keys', async () => {
  const first = await accept.bulk(request(body, key));
  const second = await accept.bulk(request(body, key, { route: 'POST /v2/messages/bulk' }));
  expect(second.replayed).toBe(false);
  expect(second.job).not.toBe(first.job);
});

test('without a key every request is a job, and nothing is remembered', async () => {
  const jobs = await Promise.all([accept.bulk(request(body)), accept.bulk(request(body))]);
  expect(new Set(jobs.map((one) => one.job)).size).toBe(2);
  const own = openStation();
  await own.accept.bulk(request(body));
  expect(await own.redis.client.keys(`${own.options.namespace}:*idem*`)).toEqual([]);
  await own.redis.close();
});

test('fifty at once: one job; each is told of it, or to come back', async () => {
  const answers = await Promise.all(
    Array.from({ length: 50 }, () =>
      accept.bulk(request(body, key)).then(
        ({ job }) => job,
        (error: Failure) => `${error.code} ${(error.retryAfterMs ?? 0) > 0}`,
      ),
    ),
  );
  const { job } = await accept.bulk(request(body, key));
  expect(new Set(answers)).toEqual(new Set([job, 'idempotency_in_progress true']));
  expect(appends).toBe(1);
  expect(sealsOf(await recordsOf(job))).toHaveLength(1);
});

test('an error keeps nothing: the key is free for another body', async () => {
  expect((await failureOf(accept.bulk(request({ ...body, sendr: 1 }, key)))).code).toBe('invalid_request');
  expect((await failureOf(accept.bulk(request({ ...body, sender: 's9' }, key)))).code).toBe('unprocessable');
  fault = () => Promise.reject(unavailable('the log refused'));
  const failure = await failureOf(accept.bulk(request(body, key)));
  expect([failure.code, failure.repeat]).toEqual(['unavailable', 'safe']);
  expect(await redis.client.exists(keysOf(key).claim)).toBe(0);
  expect((await accept.bulk(request(other, key))).replayed).toBe(false);
});

test.each<[string, (append: () => Promise<Appended>) => Promise<Appended>]>([
  ['before it was stored', () => Promise.reject(lost())],
  ['after it was stored', (append) => append().then(() => Promise.reject(lost()))],
])(
  'an append lost %s: 503, the key stays with its body, which then makes one job of the same bytes',
  async (_when, broken) => {
    fault = broken;
    const failure = await failureOf(accept.bulk(request(body, key)));
    expect([failure.code, failure.repeat, failure.retryAfterMs]).toEqual(['unavailable', 'unsafe', 2_000]);
    expect((await failureOf(accept.bulk(request(other, key)))).code).toBe('idempotency_mismatch');
    const { job, replayed, rejected } = await accept.bulk(request(body, key));
    expect([replayed, rejected.length]).toEqual([false, 1]);
    const records = await recordsOf(job);
    expect(new Set(sealsOf(records).map((one) => JSON.stringify(one))).size).toBe(1);
    expect(new Set(chunksOf(records).map((one) => JSON.stringify(one))).size).toBe(1);
  },
);

test.each<[string, (append: () => Promise<Appended>) => Promise<Appended>]>([
  ['before it was stored', () => Promise.reject(lost())],
  ['after it was stored', (append) => append().then(() => Promise.reject(lost()))],
])('an audience is frozen: an append lost %s, and then the tags change', async (_when, broken) => {
  const owner = { workspace: 'acme', environment: 'live' } as const;
  const tag = `frozen-${n}`;
  const told = [1, 2, 3].map((i) => ({ number: `+1650555${n}00${i}`, name: `N${i}`, tags: [tag] }));
  await station.contacts.upsert(owner, told, Date.now());
  const asked = bodyOf(0, { messages: undefined, audience: { tags: [tag], variables: ['{{name}}', 'x'] } });
  fault = broken;
  expect((await failureOf(accept.bulk(request(asked, key)))).repeat).toBe('unsafe');
  await station.contacts.upsert(owner, [{ number: '+16505559999', name: 'N4', tags: [tag] }], Date.now());
  const { job } = await accept.bulk(request(asked, key));
  const records = await recordsOf(job);
  const [seal] = sealsOf(records);
  expect(seal).toMatchObject({ total: 3, claim: expect.any(String), request: expect.any(String) });
  expect(new Set(records.map((one) => JSON.stringify(one))).size).toBe(2);
  expect((await accept.bulk(request(asked, key))).replayed).toBe(true);
  expect(await redis.client.exists(keysOf(key).audience)).toBe(0);
  // What Redis has forgotten comes back from the seal: the key is bound to the body, not to the list.
  await redis.client.del(keysOf(key).claim);
  if (seal) await restoreClaim(redis, station.options.namespace, seal);
  expect((await accept.bulk(request(asked, key))).replayed).toBe(true);
});

test('a bad retry of a job that may be in the log does not free its key', async () => {
  fault = () => Promise.reject(lost());
  await failureOf(accept.bulk(request(body, key)));
  station.senders.set('s1', { ...sender(), disabled: true });
  expect((await failureOf(accept.bulk(request(body, key)))).code).toBe('unprocessable');
  station.senders.set('s1', { ...sender(), disabled: false });
  expect((await failureOf(accept.bulk(request(other, key)))).code).toBe('idempotency_mismatch');
  expect((await accept.bulk(request(body, key))).replayed).toBe(false);
});

test('a replay answers although the sender is gone, disabled or moved since', async () => {
  const first = await accept.bulk(request(body, key));
  const before = sender();
  for (const now of [{ ...before, disabled: true }, { ...before, home: 'p:elsewhere' }, undefined]) {
    if (now) station.senders.set('s1', now);
    else station.senders.delete('s1');
    expect(await accept.bulk(request(body, key))).toEqual({ ...first, accepted: undefined, replayed: true });
  }
  station.senders.set('s1', before);
});

test('a lapsed lease is taken over with the same job; who comes back late answers from the record', async () => {
  let takenOver: Promise<unknown> = Promise.resolve();
  fault = async (append) => {
    const appended = await append();
    expect((await failureOf(accept.bulk(request(body, key)))).code).toBe('idempotency_in_progress');
    await redis.client.hset(keysOf(key).claim, 'l', 1);
    takenOver = accept.bulk(request(body, key));
    await takenOver;
    return appended;
  };
  const late = await accept.bulk(request(body, key));
  expect(await takenOver).toEqual(late);
  expect(new Set(sealsOf(await recordsOf(late.job)).map((one) => JSON.stringify(one))).size).toBe(1);
});

test('who comes back while the next holder is at work is told to come back', async () => {
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let second: Promise<unknown> = Promise.resolve();
  fault = async (append) => {
    const appended = await append();
    await redis.client.hset(keysOf(key).claim, 'l', 1);
    await new Promise<void>((reached) => {
      fault = (next) => {
        reached();
        return gate.then(next);
      };
      second = accept.bulk(request(body, key));
    });
    return appended;
  };
  expect((await failureOf(accept.bulk(request(body, key)))).code).toBe('idempotency_in_progress');
  open();
  expect(await second).toMatchObject({ replayed: false });
});

test('after 24 hours the lists are gone, the binding is not; it ends after 30 days', async () => {
  const first = await accept.bulk(request(body, key));
  const { claim, reply } = keysOf(key);
  expect(await redis.client.pttl(reply)).toBeGreaterThan(86_000_000);
  expect(await redis.client.pttl(claim)).toBeGreaterThan(29 * 86_400_000);
  await redis.client.del(reply);
  expect(await accept.bulk(request(body, key))).toEqual({
    ...first,
    accepted: undefined,
    replayed: true,
    rejected: [],
    duplicates: [],
  });
  expect((await failureOf(accept.bulk(request(other, key)))).code).toBe('idempotency_mismatch');
  expect(Number(await redis.client.call('MEMORY', 'USAGE', claim))).toBeLessThan(400);
});

test('Redis away: 503 with a time to come back, and nothing appended', async () => {
  const away = createRedis('redis://127.0.0.1:1', clock);
  const own = openStation({ redis: away });
  const failure = await failureOf(own.accept.bulk(request(body, key)));
  expect([failure.code, (failure.retryAfterMs ?? 0) > 0]).toEqual(['unavailable', true]);
  expect(await own.records()).toEqual([]);
  await Promise.all([away.close(), own.redis.close()]);
});

function sender() {
  const found = station.senders.get('s1');
  if (!found) throw new Error('s1 is gone');
  return found;
}
