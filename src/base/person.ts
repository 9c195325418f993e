// Who a number stands for, without the number: what limits, suppressions and contacts count people by. One person is one key, also where a
// number is written in two ways, and where the platform has told that it is another. Kept for the persons at hand, because a row that waits is
// asked about again and again.
import { samePhone } from '../contract/phone.ts';
import type { Secret } from './secret.ts';

export const PERSON_LETTERS = 16;
/** Persons remembered: more than all windows of a busy process hold. */
const MAX_PERSONS = 50_000;
/** Persons whose other key is remembered. */
const MAX_ALIASES = 50_000;

/** `to` is E.164 with +. The same person in two workspaces has two names. */
export type PersonOf = (workspace: string, to: string) => string;

export interface Persons {
  of: PersonOf;
  /** The person's key under every configured secret, the first one first: what is kept for long was perhaps made under an older one. */
  everyOf(workspace: string, to: string): readonly string[];
  /** The platform calls `person` by another number: from now on `of` gives that one's key. */
  learn(person: string, same: string): void;
}

export function createPersons(secret: Pick<Secret, 'deriveAll'>): Persons {
  let known = new Map<string, string[]>();
  let aliases = new Map<string, string>();
  const everyOf = (workspace: string, to: string): string[] => {
    const name = `${workspace} ${to}`;
    let keys = known.get(name);
    if (keys === undefined) {
      keys = secret.deriveAll('person', [workspace, samePhone(to)], PERSON_LETTERS);
      if (known.size >= MAX_PERSONS) known = new Map();
      known.set(name, keys);
    }
    return keys;
  };
  return {
    of: (workspace, to) => {
      const person = everyOf(workspace, to)[0] ?? '';
      return aliases.size === 0 ? person : (aliases.get(person) ?? person);
    },
    everyOf,
    learn: (person, same) => {
      if (aliases.size >= MAX_ALIASES) aliases = new Map();
      aliases.set(person, same);
    },
  };
}
