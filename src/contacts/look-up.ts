// What is known of people before something is said to them, or shown of them: whether they have opted out, and whether they were forgotten.
import type { Persons } from '../base/person.ts';
import type { Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import { contactKeys, type Owner, peopleKeys } from './keys.ts';
import { readSuppressed, type Suppressed } from './suppressed.ts';

const lookUpScript = loadScript(import.meta.dirname, 'lua/look-up.lua');

/** People in one script. */
const BATCH = 1_000;
const FIELDS = 4;

/** One of them at least. */
export interface Standing {
  optOut?: Suppressed;
  /** Nothing that was said of them until then (unix ms) counts. */
  forgottenMs?: number;
}

export interface LookUpOptions {
  redis: Redis;
  namespace: string;
  persons: Persons;
}

/** Of whom of these numbers something is known, by place in the list. Learns by the way whom the platform calls by another number. */
export async function lookUp(
  { redis, namespace, persons }: LookUpOptions,
  owner: Owner,
  numbers: readonly string[],
): Promise<Map<number, Standing>> {
  const { suppressed, aliases } = peopleKeys(namespace, owner);
  const { forgotten } = contactKeys(namespace, owner);
  const keys = numbers.map((to) => persons.everyOf(owner.workspace, to));
  const each = keys[0]?.length ?? 1;
  const all = keys.flat();
  const found = new Map<number, Standing>();
  for (let from = 0; from < all.length; from += BATCH) {
    const reply = await redis.run<(string | number)[]>(
      lookUpScript,
      [suppressed, aliases, forgotten],
      all.slice(from, from + BATCH),
    );
    for (let i = 0; i < reply.length; i += FIELDS) {
      const at = from + Number(reply[i]) - 1;
      const [other, text, forgottenMs] = reply.slice(i + 1, i + FIELDS).map(String);
      if (other) persons.learn(all[at] ?? '', other);
      if (!text && !forgottenMs) continue;
      const place = Math.floor(at / each);
      found.set(place, {
        ...found.get(place),
        ...(text && { optOut: readSuppressed(text) }),
        ...(forgottenMs && { forgottenMs: Number(forgottenMs) }),
      });
    }
  }
  return found;
}
