// Reading where the log is Kafka, from offsets of one's own: by a group that commits nothing, since kafkajs has no other way to read.
import { unavailable } from '../base/failure.ts';
import type { EachBatchPayload, KafkaConsumer } from '../base/kafka.ts';

export interface SeekOptions {
  consumer: KafkaConsumer;
  /** Its name at the broker. */
  topic: string;
  /** Partition → first offset. A fetch that was under way before may still bring what lies before it. */
  offsets: Iterable<readonly [partition: number, offset: number]>;
  eachBatch: (batch: EachBatchPayload) => Promise<void>;
  /** As kafkajs names it: false where `eachBatch` resolves offsets itself. */
  eachBatchAutoResolve: boolean;
  partitionsConsumedConcurrently: number;
  /** Hears `unavailable` when the consumer cannot go on. */
  fail: (error: unknown) => void;
}

export async function consumeFrom({ consumer, topic, offsets, fail, ...run }: SeekOptions): Promise<void> {
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  consumer.on(consumer.events.CRASH, ({ payload }) =>
    fail(unavailable('Kafka does not answer', payload.error)),
  );
  await consumer.run({ ...run, autoCommit: false });
  for (const [partition, offset] of offsets) consumer.seek({ topic, partition, offset: String(offset) });
}
