// The records that nobody could read: what they were, and a way back into their topic once somebody can.
import { refused } from '../base/failure.ts';
import type { DeadLetter } from '../contract/dead.ts';
import { isoTime } from '../contract/time.ts';
import { parseHeaders } from './entry.ts';
import type { DeadPage, Log, StoredEntry, Topic } from './port.ts';

const TOPICS: readonly Topic[] = ['jobs', 'receipts'];

export interface DeadLetters {
  /** Newest first. */
  list(page: DeadPage): Promise<DeadLetter[]>;
  /** With what it says. Undefined when there is none there. */
  show(position: string): Promise<(DeadLetter & { value: string }) | undefined>;
  /**
   * Appends it to its topic again; it stays listed. Throws `unprocessable` when it was too large to be kept whole, `unavailable`. Undefined when there
   * is none there.
   */
  replay(position: string): Promise<DeadLetter | undefined>;
}

export function createDeadLetters(log: Pick<Log, 'append' | 'dead'>): DeadLetters {
  const at = async (position: string): Promise<StoredEntry | undefined> =>
    (await log.dead({ limit: 1, at: position }))[0];
  return {
    list: async (page) => (await log.dead(page)).map(letterOf),
    show: async (position) => {
      const entry = await at(position);
      return entry && { ...letterOf(entry), value: entry.value };
    },
    replay: async (position) => {
      const entry = await at(position);
      if (!entry) return undefined;
      const letter = letterOf(entry);
      const topic = TOPICS.find((one) => one === letter.topic);
      if (!topic || !letter.replayable)
        throw refused('unprocessable', 'This record was not kept whole: it cannot be replayed.');
      await log.append(topic, [{ key: letter.key, headers: letter.headers, value: entry.value }]);
      return letter;
    },
  };
}

function letterOf({ position, atMs, key, headers: kept, value }: StoredEntry): DeadLetter {
  const headers = parseHeaders(kept.headers);
  return {
    position,
    at: isoTime(atMs),
    topic: kept.from ?? '',
    key,
    reason: kept.reason ?? '',
    bytes: Number(kept.bytes ?? Buffer.byteLength(value)),
    headers: headers ?? {},
    replayable: kept.bytes === undefined && headers !== undefined,
  };
}
