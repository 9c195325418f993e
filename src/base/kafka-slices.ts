// Records cut into sends that a broker takes.

export interface KafkaRecord {
  key: string;
  headers: Record<string, string>;
  value: string;
}

/** kafkajs makes one batch per partition of all it is given at once, and a topic's `max.message.bytes` limits batches. */
const SEND_MAX_BYTES = 768 * 1024;

/** In order, each at most `SEND_MAX_BYTES`. */
export function* slices(records: readonly KafkaRecord[]): Generator<KafkaRecord[]> {
  let slice: KafkaRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = Buffer.byteLength(record.value) + Buffer.byteLength(record.key);
    if (slice.length > 0 && bytes + size > SEND_MAX_BYTES) {
      yield slice;
      slice = [];
      bytes = 0;
    }
    slice.push(record);
    bytes += size;
  }
  if (slice.length > 0) yield slice;
}
