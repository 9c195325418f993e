// A contact comes back as the log says it stood. What Redis has of later stays.
import type { StoredContact } from './contact.ts';

/** How the store of contacts reads and writes one. */
export interface Shelf {
  one(id: string): Promise<StoredContact | undefined>;
  /** Ids that have the number or the external id. */
  holders(contact: StoredContact): Promise<{ byNumber: string | null; byExternal: string | null }>;
  /** False when somebody was faster. */
  put(before: StoredContact | undefined, after: StoredContact | undefined): Promise<boolean>;
}

const ATTEMPTS = 20;

/** `stored` undefined: forgotten at `atMs`. Repeatable. */
export async function restoreContact(
  shelf: Shelf,
  id: string,
  stored: StoredContact | undefined,
  atMs: number,
): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = await shelf.one(id);
    if (before && before.updated > (stored?.updated ?? atMs)) return;
    if (!before && !stored) return;
    if (await shelf.put(before, stored && (await alone(shelf, stored)))) return;
  }
  throw new Error('a contact kept changing while it was restored');
}

/** Two records may name one number: it is the later one's. */
async function alone(shelf: Shelf, stored: StoredContact): Promise<StoredContact> {
  const { byNumber, byExternal } = await shelf.holders(stored);
  const { number: _number, ...without } = stored;
  let mine = stored;
  for (const id of new Set([byNumber, byExternal])) {
    const other = id === null || id === stored.id ? undefined : await shelf.one(id);
    if (!other) continue;
    const { number: _theirs, ...rest } = other;
    if (other.updated > stored.updated) mine = without;
    else await shelf.put(other, id === byExternal ? undefined : rest);
  }
  return mine;
}
