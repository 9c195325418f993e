// Follows one stream: reads, works entry by entry, acknowledges after the work, trims what every group has finished.
// Whatever goes wrong with Redis is waited out; a stream or group that vanished is made anew and followed from its beginning.
import { backoffMs } from '../base/backoff.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { messageOf } from '../base/failure.ts';
import type { Logger } from '../base/logger.ts';
import { ask, type Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import type { Follower, FollowOptions } from './port.ts';
import { ABANDONED_AFTER_MS, createReader, type Reader, type StreamEntry } from './redis-reader.ts';
import { createFailed, RETRY, shown, type Work } from './work.ts';

const join = loadScript(import.meta.dirname, 'lua/join.lua');
const leave = loadScript(import.meta.dirname, 'lua/leave.lua');
const trim = loadScript(import.meta.dirname, 'lua/trim.lua');

/** Three renewals may be lost before a living follower is robbed. */
const RENEW_EVERY_MS = 2_500;
const TRIM_EVERY_MS = 1_000;
const FORGET_CONSUMER_AFTER_MS = 3_600_000;
/** Holds what was given back, until somebody claims it. */
const HEIR = 'released';
const LEAVE_MAX_ENTRIES = 1_000;
/** A follower that stops while Redis is away does not wait for it: what it held is claimed later. */
const PARTING_PATIENCE_MS = 500;

export interface StreamContext {
  redis: Redis;
  clock: Clock;
  logger: Logger;
  work: Work;
  key: string;
  consumer: string;
}

export function followStream(
  context: StreamContext,
  { topic, group, together = 1 }: FollowOptions,
): Follower {
  const { redis, clock, key, work } = context;
  const consumer = `${context.consumer}:${clock.randomHex(4)}`;
  const reader = createReader({ redis, clock, key, topic, group, consumer, together });
  const stopping = new AbortController();
  const { failed, fail } = createFailed();
  const stream = { ...context, group, consumer, together };
  const trimmer = createTrimmer(stream);
  const ended = followOn(stream, reader, trimmer, stopping.signal).catch(fail);

  const part = async () => {
    stopping.abort();
    reader.wake();
    const impatient = clock.after(PARTING_PATIENCE_MS, () => reader.close());
    await ended;
    impatient.cancel();
    reader.close();
    await trimmer.trimNow().catch(() => {});
    const args = [group, consumer, HEIR, 2 * ABANDONED_AFTER_MS, LEAVE_MAX_ENTRIES];
    await redis.run(leave, [key], args, PARTING_PATIENCE_MS).catch(() => {});
  };
  let parted: Promise<void> | undefined;
  return {
    stop: () => {
      parted ??= part();
      return parted;
    },
    progress: work.progress,
    // A consumer comes into being with its first read: there is nothing to wait for.
    joined: Promise.resolve(),
    failed,
  };
}

type Stream = StreamContext & { group: string; together: number };

/** Resolves when told to stop; throws what no repeat can heal. */
async function followOn(
  stream: Stream,
  reader: Reader,
  trimmer: Trimmer,
  signal: AbortSignal,
): Promise<void> {
  const { redis, clock, logger, work, key, group } = stream;
  let joined = false;
  for (let troubles = 0; !signal.aborted; ) {
    try {
      if (!joined) await redis.run(join, [key], [group, FORGET_CONSUMER_AFTER_MS]);
      joined = true;
      const entries = await reader.next();
      troubles = 0;
      work.alive();
      await finishBatch(stream, entries, trimmer, signal);
      await trimmer.trimNowAndThen();
    } catch (error) {
      if (signal.aborted) return;
      if (/WRONGTYPE|NOPERM/.test(messageOf(error))) throw error;
      joined = false;
      reader.doubt();
      logger.warn('log.follow_interrupted', { topic: key, group, count: troubles + 1, reason: shown(error) });
      await clock.delay(backoffMs(RETRY, troubles, clock.random), signal);
      troubles += 1;
    }
  }
}

async function finishBatch(
  stream: Stream,
  entries: StreamEntry[],
  trimmer: Trimmer,
  signal: AbortSignal,
): Promise<void> {
  const { redis, work, key, group, together } = stream;
  const held = new Set(entries.map(({ id }) => id));
  const renewal = renewEach(stream, held);
  const finish = async ({ id, entry }: StreamEntry): Promise<boolean> => {
    if (signal.aborted || !(await work.finish(entry, signal))) return false;
    const acknowledge = async () => void (await ask(redis.client.xack(key, group, id)));
    if (!(await work.repeat(acknowledge, signal))) return false;
    held.delete(id);
    trimmer.finished();
    return true;
  };
  try {
    for (let at = 0; at < entries.length; at += together) {
      const done = await Promise.all(entries.slice(at, at + together).map(finish));
      if (!done.every(Boolean)) return;
    }
  } finally {
    renewal.cancel();
  }
}

/** Keeps others from claiming what is being worked on, or waits its turn behind it, however long that takes. */
function renewEach({ redis, clock, key, group, consumer }: Stream, held: ReadonlySet<string>): Timer {
  let timer: Timer = { cancel: () => {} };
  const arm = () => {
    timer = clock.after(RENEW_EVERY_MS, () => {
      // A renewal that fails is made good by the next one.
      if (held.size > 0) redis.client.xclaim(key, group, consumer, 0, ...held, 'JUSTID').catch(() => {});
      arm();
    });
  };
  if (held.size > 0) arm();
  return { cancel: () => timer.cancel() };
}

interface Trimmer {
  /** There may be something to trim. */
  finished(): void;
  trimNowAndThen(): Promise<void>;
  trimNow(): Promise<void>;
}

function createTrimmer({ redis, clock, key }: Stream): Trimmer {
  // At the start too: who finished the last entry may have died before it trimmed.
  let due = true;
  let notBeforeUs = 0;
  const trimNow = async () => {
    if (!due) return;
    due = false;
    notBeforeUs = clock.monotonicUs() + TRIM_EVERY_MS * 1_000;
    try {
      await redis.run(trim, [key], [], PARTING_PATIENCE_MS);
    } catch (error) {
      due = true;
      throw error;
    }
  };
  return {
    finished: () => {
      due = true;
    },
    trimNow,
    trimNowAndThen: async () => {
      if (clock.monotonicUs() >= notBeforeUs) await trimNow();
    },
  };
}
