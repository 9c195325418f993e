// Reads the topic `dead` where the log is Kafka: its one partition, by offset. It takes a second or more, which is well for who looks for what
// went wrong.
import type { Clock } from '../base/clock.ts';
import { unavailable } from '../base/failure.ts';
import type { EachBatchPayload, Kafka } from '../base/kafka.ts';
import { decode } from './kafka-follower.ts';
import { consumeFrom } from './kafka-seek.ts';
import type { DeadPage, StoredEntry } from './port.ts';

/** A group of one is together after the broker's own delay of a few seconds. */
const READ_DEADLINE_MS = 15_000;

interface DeadTopic {
  kafka: Kafka;
  clock: Clock;
  topicName: string;
}

export async function readDead(topic: DeadTopic, { limit, before, at }: DeadPage): Promise<StoredEntry[]> {
  const [bounds] = await topic.kafka.bounds(topic.topicName).catch((error: unknown) => {
    throw unavailable('Kafka does not answer', error);
  });
  const [low, high] = [Number(bounds?.low ?? 0), Number(bounds?.high ?? 0)];
  const wanted = offsetOf(at ?? before);
  if (Number.isNaN(wanted)) return [];
  const end = Math.min(high, wanted === undefined ? high : at === undefined ? wanted : wanted + 1);
  const from = Math.max(low, at === undefined ? end - limit : (wanted ?? 0));
  if (from >= end) return [];
  return (await readRange(topic, from, end)).reverse();
}

/** "0:17" → 17; NaN: no position of this log. */
function offsetOf(position: string | undefined): number | undefined {
  return position === undefined ? undefined : Number(/^0:(\d+)$/.exec(position)?.[1] ?? Number.NaN);
}

async function readRange(
  { kafka, clock, topicName }: DeadTopic,
  from: number,
  end: number,
): Promise<StoredEntry[]> {
  const consumer = kafka.consumer(`${topicName}.look.${clock.randomHex(8)}`, () => false);
  const read = Promise.withResolvers<StoredEntry[]>();
  const late = clock.after(READ_DEADLINE_MS, () => read.reject(unavailable('Kafka does not answer in time')));
  const found: StoredEntry[] = [];
  const eachBatch = async ({ batch }: EachBatchPayload): Promise<void> => {
    for (const message of batch.messages) {
      const offset = Number(message.offset);
      if (offset >= from && offset < end)
        found.push({ ...decode('dead', batch.partition, message), atMs: Number(message.timestamp) });
      if (offset >= end - 1) return read.resolve(found);
    }
  };
  try {
    await consumeFrom({
      consumer,
      topic: topicName,
      offsets: [[0, from]],
      eachBatch,
      eachBatchAutoResolve: true,
      partitionsConsumedConcurrently: 1,
      fail: read.reject,
    });
    return await read.promise;
  } finally {
    late.cancel();
    consumer.disconnect().catch(() => {});
  }
}
