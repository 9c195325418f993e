// Who a message is for, without the number: what limits about one person count by. Kept for the persons at hand, because a row that
// waits is asked about again and again.
import type { Secret } from '../../src/base/secret.ts';

export const PERSON_LETTERS = 16;
/** Persons remembered: more than all windows of a busy process hold. */
const MAX_PERSONS = 50_000;

/** `to` is E.164 with +. The same person in two workspaces has two names. */
export type PersonOf = (workspace: string, to: string) => string;

export function createPersons(secret: Pick<Secret, 'derive'>): PersonOf {
  let known = new Map<string, string>();
  return (workspace, to) => {
    const name = `${workspace} ${to}`;
    let person = known.get(name);
    if (person === undefined) {
      person = secret.derive('person', [workspace, to], PERSON_LETTERS);
      if (known.size >= MAX_PERSONS) known = new Map();
      known.set(name, person);
    }
    return person;
  };
}
