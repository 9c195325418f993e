// Where a follower's entries come from, in this order: what it was given but never saw (its connection was cut while the
// answer was on its way), what others left behind, what is new.
import type { Clock } from '../base/clock.ts';
import { ask, type Redis } from '../base/redis.ts';
import { parseHeaders } from './entry.ts';
import type { DeliveredEntry, Topic } from './port.ts';
import { BLOCK_MS, blockingLine } from './redis-line.ts';

/** Entries taken at once: few, because they are held until worked on, and each may have 256 KB. */
const BATCH_MAX_ENTRIES = 16;
/** An entry nobody renewed for this long was left behind by a follower that died. */
export const ABANDONED_AFTER_MS = 10_000;
const CLAIM_EVERY_MS = 2_000;

export interface ReaderOptions {
  redis: Redis;
  clock: Clock;
  key: string;
  topic: Topic;
  group: string;
  consumer: string;
  together: number;
}

export interface Reader {
  /** The next entries; none after a quiet second. Entries given out before must be finished or given up. */
  next(): Promise<StreamEntry[]>;
  /** The next `next` looks first for what it was given but never saw. */
  doubt(): void;
  /** Ends a blocked `next` soon. */
  wake(): void;
  close(): void;
}

export interface StreamEntry {
  id: string;
  entry: DeliveredEntry;
}

/** [id, [field, value, …]]; null fields: deleted from the stream while pending. */
type RawEntry = [id: string, fields: string[] | null];
type RawRead = [stream: string, entries: RawEntry[]][] | null;

export function createReader(options: ReaderOptions): Reader {
  const { redis, clock, key, group, consumer, together } = options;
  const atOnce = Math.max(BATCH_MAX_ENTRIES, together);
  const take = ['GROUP', group, consumer, 'COUNT', atOnce] as const;
  const line = blockingLine(redis, clock);
  let doubtful = true;
  let claimFrom = '0-0';
  let claimAtUs = 0;

  const mine = async () => {
    const read = redis.client.xreadgroup(...take, 'STREAMS', key, '0');
    return withoutDeleted(options, entriesOf((await ask(read)) as RawRead));
  };
  const abandoned = async () => {
    const idle = ABANDONED_AFTER_MS;
    const claim = redis.client.xautoclaim(key, group, consumer, idle, claimFrom, 'COUNT', atOnce);
    const [next, entries] = (await ask(claim)) as [string, RawEntry[]];
    claimFrom = next;
    if (next === '0-0') claimAtUs = clock.monotonicUs() + CLAIM_EVERY_MS * 1_000;
    return withoutDeleted(options, entries);
  };
  const fresh = async () => {
    const read = await line.run((client) =>
      client.xreadgroup(...take, 'BLOCK', BLOCK_MS, 'STREAMS', key, '>'),
    );
    if (!read.cut) return withoutDeleted(options, entriesOf(read.reply as RawRead));
    // The library repeated the read on a new connection: what the first one was given is pending and comes first.
    doubtful = true;
    return [];
  };
  return {
    next: async () => {
      if (doubtful) {
        const entries = await mine();
        if (entries.length > 0) return entries;
        doubtful = false;
      }
      if (clock.monotonicUs() >= claimAtUs) {
        const entries = await abandoned();
        if (entries.length > 0) return entries;
      }
      return fresh();
    },
    doubt: () => {
      doubtful = true;
    },
    wake: line.wake,
    close: line.close,
  };
}

/** Entries that were deleted while pending have nothing left to do. */
async function withoutDeleted(
  { redis, key, topic, group }: ReaderOptions,
  entries: RawEntry[],
): Promise<StreamEntry[]> {
  const gone = entries.filter(([, fields]) => !fields).map(([id]) => id);
  if (gone.length > 0) await ask(redis.client.xack(key, group, ...gone));
  return entries.flatMap(([id, fields]) => (fields ? [{ id, entry: decode(topic, id, fields) }] : []));
}

const entriesOf = (read: RawRead): RawEntry[] => read?.[0]?.[1] ?? [];

/** Tolerant: a field that is missing or broken gives an entry whose reader will refuse it, so that it ends visibly in `dead`. */
export function decode(topic: Topic, id: string, fields: string[]): DeliveredEntry {
  const given = new Map<string, string>();
  for (let at = 0; at + 1 < fields.length; at += 2) given.set(fields[at] ?? '', fields[at + 1] ?? '');
  return {
    topic,
    position: `0:${id}`,
    key: given.get('key') ?? '',
    headers: parseHeaders(given.get('headers') ?? '{}') ?? {},
    value: given.get('value') ?? '',
  };
}
