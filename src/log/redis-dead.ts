// Reads the stream `dead` where the log is Redis Streams.
import { ask, type Redis } from '../base/redis.ts';
import type { DeadPage, StoredEntry } from './port.ts';
import { decode } from './redis-reader.ts';

export async function readDead(
  redis: Redis,
  key: string,
  { limit, before, at }: DeadPage,
): Promise<StoredEntry[]> {
  const [wanted, end] = [idOf(at), idOf(before)];
  if (wanted === null || end === null) return [];
  const entries = wanted
    ? await ask(redis.client.xrange(key, wanted, wanted))
    : await ask(redis.client.xrevrange(key, end ? `(${end}` : '+', '-', 'COUNT', limit));
  return entries.map(([id, fields]) => ({
    ...decode('dead', id, fields),
    atMs: Number(id.split('-')[0]),
  }));
}

/** "0:17-0" → "17-0"; null: no position of this log. */
const idOf = (position: string | undefined): string | undefined | null =>
  position === undefined ? undefined : (/^0:(\d{1,15}-\d{1,10})$/.exec(position)?.[1] ?? null);
