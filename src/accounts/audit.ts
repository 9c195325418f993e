// Who changed what: a bounded trail of changes that people made by the API. Names and plain settings only, never a secret, a number or a text.
import type { Clock } from '../base/clock.ts';
import { ask, type Redis } from '../base/redis.ts';

const KEPT_MS = 90 * 86_400_000;
/** Entries that are kept at most; the oldest go first. */
const ENTRIES_MAX = 100_000;
const ID_BYTES = 6;

export interface AuditEntry {
  /** Names its place: later entries have later ids. */
  id: string;
  atMs: number;
  /** Id of the API key, or `admin`. */
  actor: string;
  /** `sender.changed` */
  action: string;
  /** '' for what is above workspaces. */
  workspace: string;
  /** Id of what was changed; '' where the action says all. */
  subject: string;
  /** Fields that were set; values of those that are plain settings. */
  changes: Record<string, unknown>;
}

export interface AuditTrail {
  add(entry: Omit<AuditEntry, 'id' | 'atMs'>): Promise<void>;
  /** Newest first, before `beforeId`. */
  list(count: number, beforeId: string | undefined): Promise<AuditEntry[]>;
  /** Brings back entries that Redis has forgotten. Repeatable. */
  restore(entries: readonly AuditEntry[]): Promise<void>;
}

/** `kept` keeps an entry where Redis cannot lose it; undefined where Redis is the log. */
export function createAuditTrail(
  redis: Redis,
  namespace: string,
  clock: Pick<Clock, 'now' | 'randomHex'>,
  kept?: (entry: AuditEntry) => Promise<void>,
): AuditTrail {
  const key = `${namespace}:audit:entries`;
  const write = async (entries: readonly AuditEntry[]): Promise<void> => {
    const sinceMs = clock.now() - KEPT_MS;
    const pairs = entries.flatMap(({ id, atMs, ...rest }) =>
      atMs < sinceMs ? [] : [atMs, JSON.stringify({ id, atMs, ...rest })],
    );
    if (pairs.length === 0) return;
    await ask(redis.client.zadd(key, ...pairs));
    await ask(redis.client.zremrangebyscore(key, '-inf', sinceMs));
    await ask(redis.client.zremrangebyrank(key, 0, -ENTRIES_MAX - 1));
  };
  return {
    add: async (told) => {
      const atMs = clock.now();
      const entry = { id: `${atMs}-${clock.randomHex(ID_BYTES)}`, atMs, ...told };
      await Promise.all([write([entry]), kept?.(entry)]);
    },
    list: async (count, beforeId) => {
      const beforeMs = beforeId === undefined ? '+inf' : Number(beforeId.split('-')[0]);
      // Of one millisecond there may be several: those that the pages before have shown are passed. An entry begins with its id.
      const together =
        beforeId === undefined ? [] : await ask(redis.client.zrevrangebyscore(key, beforeMs, beforeMs));
      const skip = together.filter((text) => entryOf(text).id >= (beforeId ?? '')).length;
      const since = clock.now() - KEPT_MS;
      const found = await ask(redis.client.zrevrangebyscore(key, beforeMs, since, 'LIMIT', skip, count));
      return found.map(entryOf);
    },
    restore: write,
  };
}

const entryOf = (text: string): AuditEntry => JSON.parse(text) as AuditEntry;
