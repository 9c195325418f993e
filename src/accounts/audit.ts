// Who changed what: a bounded trail of changes that people made by the API. Names and plain settings only, never a secret, a number or a text.
import type { Clock } from '../base/clock.ts';
import { ask, type Redis } from '../base/redis.ts';

const KEPT_MS = 90 * 86_400_000;
/** Entries that are kept at most; the oldest go first. */
const ENTRIES_MAX = 100_000;

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
}

export function createAuditTrail(redis: Redis, namespace: string, clock: Clock): AuditTrail {
  const key = `${namespace}:audit`;
  return {
    add: async ({ actor, action, workspace, subject, changes }) => {
      const fields = { actor, action, workspace, subject, changes: JSON.stringify(changes) };
      const pairs = Object.entries(fields).flat();
      await ask(redis.client.xadd(key, 'MAXLEN', '~', ENTRIES_MAX, '*', ...pairs));
      await ask(redis.client.xtrim(key, 'MINID', '~', clock.now() - KEPT_MS));
    },
    list: async (count, beforeId) => {
      const from = beforeId === undefined ? '+' : `(${beforeId}`;
      const since = String(Math.max(0, clock.now() - KEPT_MS));
      const found = await ask(redis.client.xrevrange(key, from, since, 'COUNT', count));
      return found.map(([id, fields]) => entryOf(id, fields));
    },
  };
}

function entryOf(id: string, fields: readonly string[]): AuditEntry {
  const field = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
  return {
    id,
    atMs: Number(id.split('-')[0]),
    actor: field('actor'),
    action: field('action'),
    workspace: field('workspace'),
    subject: field('subject'),
    changes: JSON.parse(field('changes')) as Record<string, unknown>,
  };
}
