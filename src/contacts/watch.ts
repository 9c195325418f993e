// Whether a workspace has anything to be looked up at all, from memory: most have nothing, and then a take costs nothing more. What another
// process has added is known here half a second later; from then on every take asks.
import type { Clock } from '../base/clock.ts';
import { ask, type Redis } from '../base/redis.ts';
import { contactKeys, type Owner, peopleKeys } from './keys.ts';

/** An answer is asked for anew after this, … */
const FRESH_US = 250_000;
/** … and is not believed any more when it is older than both. */
const STALE_US = 250_000;
/** Workspaces that one process remembers. */
const MAX_OWNERS = 20_000;

export interface Watch {
  /** A promise only for a workspace that was not asked about a moment ago. */
  any(owner: Owner): boolean | Promise<boolean>;
}

interface Entry {
  any: boolean | undefined;
  asked: Promise<boolean> | undefined;
  freshUntilUs: number;
}

export function createWatch(redis: Redis, namespace: string, clock: Pick<Clock, 'monotonicUs'>): Watch {
  const entries = new Map<string, Entry>();
  const look = (owner: Owner, entry: Entry): Promise<boolean> => {
    const { suppressed, aliases } = peopleKeys(namespace, owner);
    const { forgotten } = contactKeys(namespace, owner);
    const askedUs = clock.monotonicUs();
    entry.asked ??= ask(redis.client.exists(suppressed, aliases, forgotten))
      .then((count) => {
        entry.any = count > 0;
        entry.freshUntilUs = askedUs + FRESH_US;
        return entry.any;
      })
      .finally(() => {
        entry.asked = undefined;
      });
    return entry.asked;
  };
  return {
    any: (owner) => {
      const name = `${owner.environment} ${owner.workspace}`;
      let entry = entries.get(name);
      if (!entry) {
        if (entries.size >= MAX_OWNERS) entries.clear();
        entry = { any: undefined, asked: undefined, freshUntilUs: 0 };
        entries.set(name, entry);
      }
      const lateUs = clock.monotonicUs() - entry.freshUntilUs;
      if (entry.any === undefined || lateUs >= STALE_US) return look(owner, entry);
      // While Redis is away nothing is taken anyway.
      if (lateUs >= 0) look(owner, entry).catch(() => {});
      return entry.any;
    },
  };
}
