// The log on Redis Streams, for one machine: as durable as that Redis is. One stream per topic, consumer groups from its beginning.
// Order: a stream is one list, but the followers of a group share it entry by entry, so two entries with one key may be
// worked on side by side, and a claimed entry comes after later ones. Who reads it must not depend on order (intake does
// not: a job opens when its seal and all chunks are in, whichever came first). One follower alone, never killed, sees the
// order of the stream. The Kafka adapter keeps the order of each key.
import type { Clock } from '../base/clock.ts';
import { Failure, messageOf } from '../base/failure.ts';
import type { Logger } from '../base/logger.ts';
import { ask, type Redis } from '../base/redis.ts';
import { assertFits } from './entry.ts';
import { streamKey } from './keys.ts';
import type { Appended, Follower, Log, LogEntry, Topic } from './port.ts';
import { readDead } from './redis-dead.ts';
import { followStream } from './redis-follower.ts';
import { createWork } from './work.ts';

/** Nobody follows `dead`, so nothing there is ever finished; the newest stay. */
const DEAD_MAX_ENTRIES = 1_000;

export interface RedisStreamsOptions {
  redis: Redis;
  namespace: string;
  clock: Clock;
  logger: Logger;
  /** Names this process in the group, for who looks at the stream; each follower adds something of its own. */
  consumer: string;
}

export function createRedisStreamsLog({
  redis,
  namespace,
  clock,
  logger,
  consumer,
}: RedisStreamsOptions): Log {
  const followers = new Set<Follower>();
  const append = async (topic: Topic, entries: readonly LogEntry[]): Promise<Appended> => {
    await appendAll(redis, streamKey(namespace, topic), topic, entries);
    return new Map();
  };
  return {
    // A stream comes into being with its first entry, a group with its first follower: only Redis must answer.
    prepare: async () => {
      await ask(redis.client.ping());
    },
    append,
    follow: async (options) => {
      const work = createWork(options, { clock, logger, park: (entry) => append('dead', [entry]) });
      const follower = followStream(
        { redis, clock, logger, work, key: streamKey(namespace, options.topic), consumer },
        options,
      );
      followers.add(follower);
      return { ...follower, stop: () => follower.stop().finally(() => followers.delete(follower)) };
    },
    history: undefined,
    dead: (page) => readDead(redis, streamKey(namespace, 'dead'), page),
    ping: () => redis.ping(),
    close: async () => {
      await Promise.all([...followers].map((follower) => follower.stop()));
    },
  };
}

/** MULTI: all entries or none, in one round trip. */
async function appendAll(
  redis: Redis,
  key: string,
  topic: Topic,
  entries: readonly LogEntry[],
): Promise<void> {
  assertFits(entries);
  if (entries.length === 0) return;
  const cap = topic === 'dead' ? ['MAXLEN', '~', DEAD_MAX_ENTRIES] : [];
  const batch = redis.client.multi();
  for (const entry of entries) {
    batch.xadd(
      key,
      ...cap,
      '*',
      'key',
      entry.key,
      'headers',
      JSON.stringify(entry.headers),
      'value',
      entry.value,
    );
  }
  try {
    for (const [error] of (await batch.exec()) ?? []) if (error) throw error;
  } catch (error) {
    throw unanswered(error);
  }
}

/** Redis said no: nothing was written. It said nothing: that cannot be known. */
function unanswered(error: unknown): Failure {
  const said = error instanceof Error && error.name === 'ReplyError';
  return new Failure({
    code: 'unavailable',
    message: said ? `Redis refused the entries: ${messageOf(error)}` : 'Redis does not answer',
    repeat: said ? 'safe' : 'unsafe',
    retryAfterMs: 2_000,
    cause: error,
  });
}
