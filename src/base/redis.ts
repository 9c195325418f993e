// The door to ioredis. Scripts that change state go through `run`: never repeated by the library, repeated by us when their reply was lost,
// which every script makes safe. Blocking and BullMQ connections are separate.
import { Cluster, Redis as Ioredis } from 'ioredis';
import type { Clock } from './clock.ts';
import { messageOf, unavailable } from './failure.ts';
import type { Script } from './script.ts';

export type RedisClient = Ioredis;
export type ScriptArgument = string | number | Buffer;

/** A command without an answer for this long counts as lost. */
const COMMAND_TIMEOUT_MS = 5_000;
/** A BullMQ connection without a word for this long is ended. */
const QUEUE_SILENCE_MS = 20_000;
/** A script is tried for this long before its caller hears `unavailable`. */
const SCRIPT_PATIENCE_MS = 2_000;
const RETRY_MS = 50;
/** A full Redis is asked again after this. */
const FULL_RETRY_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;
const RECONNECT_CAP_MS = 1_000;

export interface Redis {
  /** For plain commands. Fails at once when Redis is away. */
  readonly client: RedisClient;
  /** Runs a script; repeats it while Redis is away, at most `patienceMs`. Throws `unavailable` after that. */
  run<T>(
    script: Script,
    keys: readonly string[],
    args: readonly ScriptArgument[],
    patienceMs?: number,
  ): Promise<T>;
  /** A connection of its own for commands that block. */
  blocking(): RedisClient;
  ping(): Promise<boolean>;
  close(): Promise<void>;
}

export function createRedis(url: string, clock: Clock): Redis {
  const client = connect(url, {
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    // A connection that stays open and says nothing is ended, or everything after the lost reply would wait behind it.
    socketTimeout: COMMAND_TIMEOUT_MS,
    enableOfflineQueue: true,
    // Commands of one tick travel in one write.
    enableAutoPipelining: true,
  });
  const blockers = new Set<RedisClient>();
  return {
    client,
    run: (script, keys, args, patienceMs = SCRIPT_PATIENCE_MS) =>
      runPatiently(client, clock, script, keys, args, patienceMs),
    blocking: () => {
      const blocker = connect(url, { maxRetriesPerRequest: null });
      blockers.add(blocker);
      return blocker;
    },
    ping: async () => {
      try {
        return (await client.ping()) === 'PONG';
      } catch {
        return false;
      }
    },
    close: async () => {
      for (const one of [client, ...blockers]) one.disconnect();
    },
  };
}

/** A bare connection for BullMQ, which wants to wait for ever; its blocking reads last up to 10 s. */
export const connectForQueue = (url: string): RedisClient =>
  connect(url, { maxRetriesPerRequest: null, socketTimeout: QUEUE_SILENCE_MS });

/** One URL is one server; several, separated by commas, are nodes of one Redis Cluster. */
function connect(url: string, options: Record<string, unknown>): RedisClient {
  const redisOptions = {
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (times: number) => Math.min(RECONNECT_CAP_MS, 50 * times),
    ...options,
  };
  const nodes = url.split(',').map((node) => node.trim());
  const client = nodes.length > 1 ? connectCluster(nodes, redisOptions) : new Ioredis(url, redisOptions);
  // Reconnecting is the library's business; without a listener it prints every attempt.
  client.on('error', () => {});
  return client;
}

/** A cluster has the commands of a single server; what differs (its node map, its pipelines over slots) nobody here uses. */
const connectCluster = (nodes: string[], redisOptions: Record<string, unknown>): Ioredis =>
  new Cluster(nodes, {
    redisOptions,
    clusterRetryStrategy: (times) => Math.min(RECONNECT_CAP_MS, 50 * times),
  }) as unknown as Ioredis;

export async function runPatiently<T>(
  client: RedisClient,
  clock: Clock,
  script: Script,
  keys: readonly string[],
  args: readonly ScriptArgument[],
  patienceMs: number,
): Promise<T> {
  const giveUpAt = clock.monotonicUs() + patienceMs * 1_000;
  for (;;) {
    try {
      return await runOnce<T>(client, script, keys, args);
    } catch (error) {
      if (isFull(error)) throw full(error);
      if (!isConnectionTrouble(error))
        throw new Error(`script ${script.name}: ${messageOf(error)}`, { cause: error });
      if (clock.monotonicUs() >= giveUpAt) throw unavailable('Redis does not answer', error);
      await clock.delay(RETRY_MS);
    }
  }
}

async function runOnce<T>(
  client: RedisClient,
  script: Script,
  keys: readonly string[],
  args: readonly ScriptArgument[],
): Promise<T> {
  try {
    return (await client.evalsha(script.sha, keys.length, ...keys, ...args)) as T;
  } catch (error) {
    if (!messageOf(error).startsWith('NOSCRIPT')) throw error;
    return (await client.eval(script.body, keys.length, ...keys, ...args)) as T;
  }
}

/** Redis answered with an error of its own (wrong type, script fault): a repeat gives the same. Everything else may heal. */
function isConnectionTrouble(error: unknown): boolean {
  const text = messageOf(error);
  if (/^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY) /.test(text)) return true;
  return !(error instanceof Error && error.name === 'ReplyError');
}

/** It refuses what needs memory, or its disk fails: nothing was done, and nothing will be for a while. */
const isFull = (error: unknown): boolean => /\b(OOM|MISCONF|NOREPLICAS)\b/.test(messageOf(error));
const full = (error: unknown) => unavailable('Redis is full, or cannot write', error, FULL_RETRY_MS);

/** Plain commands through the same lens: connection trouble becomes `unavailable`. */
export async function ask<T>(command: Promise<T>): Promise<T> {
  try {
    return await command;
  } catch (error) {
    if (isConnectionTrouble(error)) throw unavailable('Redis does not answer', error);
    if (isFull(error)) throw full(error);
    throw error;
  }
}
