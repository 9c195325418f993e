// A contact as it is kept, and how what is told of it changes it. Pure.
import type { Contact, ContactInput } from '../contract/contact.ts';
import { isoTime } from '../contract/time.ts';

type Attributes = Contact['attributes'];

export interface StoredContact {
  id: string;
  number?: string;
  external_id?: string;
  name?: string;
  email?: string;
  time_zone?: string;
  language?: string;
  tags: string[];
  attributes: Attributes;
  /** Unix ms. */
  created: number;
  updated: number;
}

const FIELDS = ['number', 'external_id', 'name', 'email', 'time_zone', 'language'] as const;

/** `id` is for one that was not there. An older word than the last changes nothing but what was not known. */
export function merged(
  before: StoredContact | undefined,
  id: string,
  told: ContactInput,
  atMs: number,
): StoredContact {
  const after: StoredContact = before
    ? { ...before, updated: Math.max(before.updated, atMs) }
    : { id, tags: [], attributes: {}, created: atMs, updated: atMs };
  const late = before !== undefined && atMs < before.updated;
  for (const field of FIELDS) {
    const value = told[field];
    if (late && before[field] !== undefined) continue;
    if (value === null) delete after[field];
    else if (value !== undefined) after[field] = value;
  }
  if (told.tags && !(late && before.tags.length > 0)) after.tags = [...new Set(told.tags)].sort();
  const all = late
    ? { ...told.attributes, ...before.attributes }
    : { ...after.attributes, ...told.attributes };
  after.attributes = Object.fromEntries(
    Object.entries(all).filter((pair): pair is [string, Attributes[string]] => pair[1] !== null),
  );
  return after;
}

export const contactView = ({
  created,
  updated,
  tags,
  attributes,
  id,
  ...known
}: StoredContact): Contact => ({
  id,
  number: known.number ?? null,
  external_id: known.external_id ?? null,
  name: known.name ?? null,
  email: known.email ?? null,
  time_zone: known.time_zone ?? null,
  language: known.language ?? null,
  tags,
  attributes,
  created_at: isoTime(created),
  updated_at: isoTime(updated),
});
