// Reads parts of topics where the log is Kafka, beside those who follow them.
import type { Clock } from '../base/clock.ts';
import { messageOf, unavailable } from '../base/failure.ts';
import type { EachBatchPayload, Kafka } from '../base/kafka.ts';
import { decode } from './kafka-follower.ts';
import { consumeFrom } from './kafka-seek.ts';
import { kafkaGroup, kafkaTopic } from './keys.ts';
import type { Bounds, DeliveredEntry, History, Range, Topic } from './port.ts';

/** Entries handed over at a time; between two such slices the group hears that the reader lives. */
const SLICE_MAX_ENTRIES = 200;
const PARTITIONS_AT_ONCE = 3;
/** A group of one is together after the broker's own delay of a few seconds; a reader that gets nothing for so long gives up. */
const SILENCE_MS = 60_000;
const BOUNDS_PATIENCE_MS = 10_000;
const BOUNDS_RETRY_MS = 100;

export interface HistoryOptions {
  kafka: Kafka;
  clock: Clock;
  namespace: string;
}

export function createHistory(options: HistoryOptions): History {
  return {
    bounds: (topic) => boundsOf(options, topic),
    read: (topic, ranges, handle) => read(options, topic, ranges, handle),
  };
}

/** Repeats: partitions that were made a moment ago have no leader yet. */
async function boundsOf(
  { kafka, clock, namespace }: HistoryOptions,
  topic: Topic,
): Promise<ReadonlyMap<number, Bounds>> {
  const giveUpUs = clock.monotonicUs() + BOUNDS_PATIENCE_MS * 1_000;
  for (;;) {
    try {
      const all = await kafka.bounds(kafkaTopic(namespace, topic));
      return new Map(
        all.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]),
      );
    } catch (error) {
      if (clock.monotonicUs() > giveUpUs)
        throw unavailable(`Kafka does not answer: ${messageOf(error)}`, error);
    }
    await clock.delay(BOUNDS_RETRY_MS);
  }
}

async function read(
  { kafka, clock, namespace }: HistoryOptions,
  topic: Topic,
  ranges: ReadonlyMap<number, Range>,
  handle: (entries: DeliveredEntry[]) => Promise<void>,
): Promise<void> {
  const left = new Set([...ranges].flatMap(([partition, { from, to }]) => (from < to ? partition : [])));
  if (left.size === 0) return;
  const group = kafkaGroup(namespace, `read-${clock.randomHex(8)}`);
  const consumer = kafka.consumer(group, () => false);
  const ended = Promise.withResolvers<void>();
  const silence = createSilence(clock, () => ended.reject(unavailable('Kafka does not answer in time')));
  const eachBatch = async (payload: EachBatchPayload): Promise<void> => {
    silence.broken();
    const range = ranges.get(payload.batch.partition);
    if (!range || !left.has(payload.batch.partition)) return;
    try {
      await handOver(topic, payload, range, handle);
    } catch (error) {
      return ended.reject(error);
    }
    if (Number(payload.batch.lastOffset()) >= range.to - 1) left.delete(payload.batch.partition);
    if (left.size === 0) ended.resolve();
  };
  try {
    await consumeFrom({
      consumer,
      topic: kafkaTopic(namespace, topic),
      offsets: [...ranges].map(([partition, { from, to }]) => [partition, Math.min(from, to)] as const),
      eachBatch,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      fail: ended.reject,
    });
    await ended.promise;
  } finally {
    silence.end();
    consumer.disconnect().catch(() => {});
  }
}

/** Entries before the range come when the first fetch was under way before the seek. */
async function handOver(
  topic: Topic,
  { batch, heartbeat, resolveOffset }: EachBatchPayload,
  { from, to }: Range,
  handle: (entries: DeliveredEntry[]) => Promise<void>,
): Promise<void> {
  const wanted = batch.messages.filter(({ offset }) => Number(offset) >= from && Number(offset) < to);
  for (let at = 0; at < wanted.length; at += SLICE_MAX_ENTRIES) {
    const slice = wanted.slice(at, at + SLICE_MAX_ENTRIES);
    await handle(slice.map((message) => decode(topic, batch.partition, message)));
    await heartbeat();
  }
  resolveOffset(batch.lastOffset());
}

/** Runs `act` once nothing has broken it for `SILENCE_MS`. */
function createSilence(clock: Clock, act: () => void): { broken(): void; end(): void } {
  let timer = clock.after(SILENCE_MS, act);
  return {
    broken: () => {
      timer.cancel();
      timer = clock.after(SILENCE_MS, act);
    },
    end: () => timer.cancel(),
  };
}
