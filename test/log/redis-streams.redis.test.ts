// The log on Redis Streams: what every log promises, and what only a stream has to: trimming, claims, cut connections.
import net from 'node:net';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createRedis, type RedisClient } from '../../src/base/redis.ts';
import { streamKey } from '../../src/log/keys.ts';
import { createRedisStreamsLog } from '../../src/log/redis-streams.ts';
import { freshNamespace, redisUrl } from '../support/services.ts';
import { until } from '../support/until.ts';
import { collect, type Ending, entry, freshLog, numbered } from './collect.ts';
import { conformance } from './conformance.ts';
import { common } from './open.ts';
import { createTap } from './tap.ts';

conformance('redis-streams');

type Destroy = [what: string, destroy: (client: RedisClient, key: string) => Promise<unknown>];

const plainRedis = ({ onTestFinished }: Ending) => {
  const redis = createRedis(redisUrl(), systemClock);
  onTestFinished(() => redis.close());
  return redis;
};

test.concurrent('nothing stays once every group has finished, and nothing goes before', async (ending) => {
  const { log, namespace } = await freshLog('redis-streams', ending);
  const { client } = plainRedis(ending);
  const key = streamKey(namespace, 'jobs');
  const hold = Promise.withResolvers<void>();
  const slow = await collect(log, 'slow', {
    handle: ({ value }) => (value === '30' ? hold.promise : Promise.resolve()),
  });
  const fast = await collect(log, 'fast');
  await log.append(
    'jobs',
    numbered(50).map((value) => entry('k', value)),
  );
  await until(() => fast.seen.length === 50 && slow.seen.length === 30, { what: 'the slow one at entry 30' });
  await until(async () => (await client.xlen(key)) === 20, { what: 'the first 30 trimmed' });
  expect((await client.xrange(key, '-', '+', 'COUNT', 1))[0]?.[1]).toContain('30');
  hold.resolve();
  await until(() => slow.seen.length === 50, { what: 'all entries' });
  await until(async () => (await client.xlen(key)) === 0, { what: 'an empty stream' });
  await fast.follower.stop();
  await log.append('jobs', [entry('k', 'last')]);
  await until(() => slow.seen.length === 51, { what: 'the last entry' });
  await slow.follower.stop();
  expect(await client.xlen(key)).toBe(1);
  const back = await collect(log, 'fast');
  await until(() => back.seen.length === 1, { what: 'the last entry, again' });
  await back.follower.stop();
  expect(await client.xlen(key)).toBe(0);
});

test.concurrent('a consumer that stopped leaves no name, one that died is forgotten later', async (ending) => {
  const { log, namespace } = await freshLog('redis-streams', ending);
  const { client } = plainRedis(ending);
  const { follower, seen } = await collect(log, 'g');
  await log.append('jobs', [entry('k', '0')]);
  await until(() => seen.length === 1, { what: 'the entry' });
  expect(await client.xinfo('CONSUMERS', streamKey(namespace, 'jobs'), 'g')).toHaveLength(1);
  await follower.stop();
  expect(await client.xinfo('CONSUMERS', streamKey(namespace, 'jobs'), 'g')).toEqual([]);
});

test.concurrent('killed connections heal', async (ending) => {
  const namespace = freshNamespace();
  const redis = plainRedis(ending);
  const lines: RedisClient[] = [redis.client];
  const blocking = () => {
    const line = redis.blocking();
    lines.push(line);
    return line;
  };
  const log = createRedisStreamsLog({
    ...common,
    redis: { ...redis, blocking },
    namespace,
    consumer: 'test',
  });
  ending.onTestFinished(() => log.close());
  const { seen, values } = await collect(log, 'g');
  const other = plainRedis(ending);
  const writer = createRedisStreamsLog({ ...common, redis: other, namespace, consumer: 'writer' });
  for (const round of numbered(5)) {
    const ids = await Promise.all(lines.map((line) => line.client('ID')));
    await Promise.all([
      writer.append(
        'jobs',
        numbered(20, `${round}-`).map((value) => entry('k', value)),
      ),
      ...ids.map((id) => other.client.client('KILL', 'ID', id)),
    ]);
    const expected = 20 * (Number(round) + 1);
    await until(() => new Set(values()).size === expected, { what: `round ${round}` });
  }
  expect(seen.length).toBeGreaterThanOrEqual(100);
});

test.concurrent('an answer that got lost with its connection is asked for again, before what came later', async (ending) => {
  const namespace = freshNamespace();
  const { hostname, port } = new URL(redisUrl());
  const tap = await createTap(() => net.connect(Number(port || 6379), hostname));
  ending.onTestFinished(() => tap.close());
  const far = createRedis(`redis://127.0.0.1:${tap.port}`, systemClock);
  ending.onTestFinished(() => far.close());
  const log = createRedisStreamsLog({ ...common, redis: far, namespace, consumer: 'test' });
  ending.onTestFinished(() => log.close());
  const writer = createRedisStreamsLog({
    ...common,
    redis: plainRedis(ending),
    namespace,
    consumer: 'writer',
  });
  const { seen, values } = await collect(log, 'g');
  await writer.append('jobs', [entry('k', 'first')]);
  await until(() => seen.length === 1, { what: 'the follower waiting for more' });
  const onItsWay = tap.swallowFrom('lost-answer');
  await writer.append('jobs', [entry('k', 'lost-answer')]);
  await onItsWay;
  await writer.append('jobs', [entry('k', 'later')]);
  tap.cut();
  await until(() => seen.length === 3, {
    timeoutMs: 8_000,
    what: 'the lost entry, without waiting for a claim',
  });
  expect(values()).toEqual(['first', 'lost-answer', 'later']);
});

test.concurrent.for<Destroy>([
  ['stream', (client: RedisClient, key: string) => client.del(key)],
  ['group', (client: RedisClient, key: string) => client.xgroup('DESTROY', key, 'g')],
])('a %s that vanished is made anew', async ([_what, destroy], ending) => {
  const { log, namespace } = await freshLog('redis-streams', ending);
  const { client } = plainRedis(ending);
  const { seen, values } = await collect(log, 'g');
  await log.append('jobs', [entry('k', 'before')]);
  await until(() => seen.length === 1, { what: 'the first entry' });
  await destroy(client, streamKey(namespace, 'jobs'));
  await log.append('jobs', [entry('k', 'after')]);
  await until(() => values().includes('after'), { what: 'the next entry' });
});

test.concurrent('a key of another type ends the follower, for no repeat heals it', async (ending) => {
  const { log, namespace } = await freshLog('redis-streams', ending);
  await plainRedis(ending).client.set(streamKey(namespace, 'jobs'), 'no stream', 'EX', 60);
  const { follower } = await collect(log, 'g');
  await expect(follower.failed).rejects.toThrow('WRONGTYPE');
});

test.concurrent('away: an append says that it cannot be known', async (ending) => {
  const redis = createRedis('redis://127.0.0.1:1', systemClock);
  ending.onTestFinished(() => redis.close());
  const log = createRedisStreamsLog({ ...common, redis, namespace: freshNamespace(), consumer: 'test' });
  ending.onTestFinished(() => log.close());
  const answer = log.append('jobs', [entry('k', 'v')]);
  await expect(answer).rejects.toMatchObject({ code: 'unavailable', repeat: 'unsafe' });
  expect(await log.ping()).toBe(false);
  const { follower } = await collect(log, 'g');
  await follower.stop();
});
