// The store of contacts, in the slot of their workspace. Found by id, by number (a keyed hash of it) and by external id; listed by their last
// change, all or those with a tag. A contact is read, changed and written if nobody has changed it meanwhile.
import type { Persons } from '../base/person.ts';
import { ask } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import type { Audience } from '../contract/audience.ts';
import type { ContactInput } from '../contract/contact.ts';
import type { ContactState } from '../contract/state.ts';
import { audienceOf } from './audience.ts';
import { merged, type StoredContact } from './contact.ts';
import { askErasing } from './erasing.ts';
import { isForgotten, namesOf, noteForgotten } from './forgotten.ts';
import { type KeepOptions, keepStill } from './keep.ts';
import { contactKeys, type Owner } from './keys.ts';
import { restoreContact } from './restore-contact.ts';

const putScript = loadScript(import.meta.dirname, 'lua/put-contact.lua');

const ID_PREFIX = 'con_';
const ID_BYTES = 12;
/** Contacts that are written side by side. */
const TOGETHER = 64;
/** Others may change the same contact at the same time. */
const ATTEMPTS = 20;

export interface ContactPosition {
  atMs: number;
  id: string;
}

export interface ContactFilter {
  tag?: string | undefined;
  updatedAfterMs?: number | undefined;
}

export interface Contacts {
  /** In the order given: the id of each; '' for who was forgotten since. The same again changes nothing. `atMs`: when it was told. */
  upsert(owner: Owner, told: readonly ContactInput[], atMs: number): Promise<string[]>;
  one(owner: Owner, id: string): Promise<StoredContact | undefined>;
  /** Last changed first. */
  page(
    owner: Owner,
    filter: ContactFilter,
    after: ContactPosition | undefined,
    limit: number,
  ): Promise<{ rows: StoredContact[]; next: ContactPosition | undefined }>;
  /** By id. Throws `unprocessable` when they are too many, or none. */
  audience(owner: Owner, audience: Pick<Audience, 'tags' | 'match'>): Promise<StoredContact[]>;
  /** Whether it was there. */
  forget(owner: Owner, id: string): Promise<boolean>;
  /** The time zones that these numbers' contacts have told, by number. */
  zones(owner: Owner, numbers: readonly string[]): Promise<Map<string, string>>;
  /** Sets a contact as it stood before Redis forgot it. Repeatable; what Redis knows of later stays. */
  restore(record: ContactState): Promise<void>;
}

/** With `kept`, every change resolves only when it is kept. */
export interface ContactsOptions extends KeepOptions {
  persons: Persons;
}

export function createContacts(options: ContactsOptions): Contacts {
  const { redis, namespace } = options;
  const one = async (owner: Owner, id: string): Promise<StoredContact | undefined> => {
    const text = await ask(redis.client.hget(contactKeys(namespace, owner).contacts, id));
    return text ? (JSON.parse(text) as StoredContact) : undefined;
  };
  return {
    one,
    upsert: async (owner, told, atMs) => {
      const ids: string[] = [];
      for (let i = 0; i < told.length; i += TOGETHER) {
        const some = await Promise.all(
          told.slice(i, i + TOGETHER).map((contact) => upsert(options, owner, contact, atMs)),
        );
        await keep(options, owner, new Map(some.filter((id) => id !== '').map((id) => [id, undefined])));
        ids.push(...some);
      }
      return ids;
    },
    restore: (record) => restore(options, record),
    audience: (owner, audience) => audienceOf(options, owner, audience),
    page: (owner, filter, after, limit) => readPage(options, owner, filter, after, limit),
    forget: (owner, id) => forget(options, owner, id),
    zones: async (owner, numbers) => {
      const keys = contactKeys(namespace, owner);
      if (numbers.length === 0 || (await ask(redis.client.exists(keys.numbers))) === 0) return new Map();
      const people = numbers.map((to) => options.persons.of(owner.workspace, to));
      const ids = await ask(redis.client.hmget(keys.numbers, ...people));
      const known = numbers.flatMap((to, i) => (ids[i] ? [{ to, id: ids[i] }] : []));
      const texts =
        known.length > 0 ? await ask(redis.client.hmget(keys.contacts, ...known.map(({ id }) => id))) : [];
      return new Map(
        known.flatMap(({ to }, i): [string, string][] => {
          const zone = texts[i] ? (JSON.parse(texts[i]) as StoredContact).time_zone : undefined;
          return zone === undefined ? [] : [[to, zone]];
        }),
      );
    },
  };
}

const changedMeanwhile = () => new Error('a contact kept changing while it was written');

async function upsert(
  options: ContactsOptions,
  owner: Owner,
  told: ContactInput,
  atMs: number,
): Promise<string> {
  const { redis, namespace, persons, clock } = options;
  const keys = contactKeys(namespace, owner);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const [{ byExternal, byNumber }, gone] = await Promise.all([
      holders(options, owner, told),
      isForgotten(redis, namespace, owner, namesOf(persons, owner, told), atMs),
    ]);
    if (gone) return '';
    // An external id says more: its contact may have got another number, which another contact then has no more.
    if (byExternal && byNumber && byExternal !== byNumber) {
      await dropNumber(options, owner, byNumber, atMs);
      await keep(options, owner, new Map([[byNumber, undefined]]));
    }
    const id = byExternal ?? byNumber ?? `${ID_PREFIX}${clock.randomHex(ID_BYTES)}`;
    const text = await ask(redis.client.hget(keys.contacts, id));
    const before = text ? (JSON.parse(text) as StoredContact) : undefined;
    const after = merged(before, id, told, atMs);
    if (await put(options, owner, text ?? '', before, after, after.updated)) return id;
  }
  throw changedMeanwhile();
}

async function holders(
  { redis, namespace, persons }: ContactsOptions,
  owner: Owner,
  { number, external_id: external }: Pick<ContactInput, 'number' | 'external_id'>,
) {
  const keys = contactKeys(namespace, owner);
  const [byExternal, byNumber] = await Promise.all([
    external === undefined ? null : ask(redis.client.hget(keys.externals, external)),
    number === undefined ? null : ask(redis.client.hget(keys.numbers, persons.of(owner.workspace, number))),
  ]);
  return { byExternal, byNumber };
}

/** Resolves when the log says how these contacts stand. `ids`: with what is known of one that may be forgotten. */
async function keep(
  { redis, namespace, clock, persons, kept }: ContactsOptions,
  owner: Owner,
  known: Map<string, StoredContact | undefined>,
): Promise<void> {
  if (!kept || known.size === 0) return;
  const look = async (): Promise<ContactState[]> => {
    const ids = [...known.keys()];
    const texts = await ask(redis.client.hmget(contactKeys(namespace, owner).contacts, ...ids));
    return ids.map((id, i) => {
      const stored = texts[i] ? (JSON.parse(texts[i]) as StoredContact) : undefined;
      const gone = stored ? [] : namesOf(persons, owner, known.get(id) ?? {});
      if (stored) known.set(id, stored);
      return stateOf(owner, id, stored, clock.now(), gone);
    });
  };
  await keepStill(
    kept,
    look,
    ({ id }) => id,
    ({ stored }) => JSON.stringify(stored),
  );
}

const stateOf = (
  { workspace, environment }: Owner,
  id: string,
  stored: StoredContact | undefined,
  at: number,
  gone: string[],
): ContactState => ({
  v: 1,
  type: 'contact',
  workspace,
  environment,
  id,
  at,
  stored: stored ? { ...stored } : null,
  gone,
});

async function restore(options: ContactsOptions, record: ContactState): Promise<void> {
  const { redis, namespace, clock } = options;
  const stored = record.stored ? (record.stored as unknown as StoredContact) : undefined;
  await noteForgotten(redis, namespace, record, record.gone, record.at, clock.now());
  const text = async (id: string) => ask(redis.client.hget(contactKeys(namespace, record).contacts, id));
  const shelf = {
    one: async (id: string) => {
      const found = await text(id);
      return found ? (JSON.parse(found) as StoredContact) : undefined;
    },
    holders: (contact: StoredContact) => holders(options, record, contact),
    put: (before: StoredContact | undefined, after: StoredContact | undefined) =>
      put(options, record, before ? JSON.stringify(before) : '', before, after, after?.updated ?? record.at),
  };
  await restoreContact(shelf, record.id, stored, record.at);
}

async function dropNumber(options: ContactsOptions, owner: Owner, id: string, atMs: number): Promise<void> {
  const text = await ask(options.redis.client.hget(contactKeys(options.namespace, owner).contacts, id));
  if (!text) return;
  const before = JSON.parse(text) as StoredContact;
  const { number: _number, ...after } = before;
  await put(options, owner, text, before, after, Math.max(atMs, before.updated));
}

async function forget(options: ContactsOptions, owner: Owner, id: string): Promise<boolean> {
  const { redis, namespace, clock, persons } = options;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const text = await ask(redis.client.hget(contactKeys(namespace, owner).contacts, id));
    if (!text) return attempt > 0;
    const contact = JSON.parse(text) as StoredContact;
    const atMs = clock.now();
    await noteForgotten(redis, namespace, owner, namesOf(persons, owner, contact), atMs, atMs);
    await askErasing(redis, namespace, { owner }, atMs);
    // The log first: a repeat finds it here, and ends what a kill in between has left.
    await options.kept?.([stateOf(owner, id, undefined, atMs, namesOf(persons, owner, contact))]);
    if (await put(options, owner, text, contact, undefined, atMs)) return true;
  }
  throw changedMeanwhile();
}

/** False when somebody was faster. */
async function put(
  { redis, namespace, persons }: ContactsOptions,
  owner: Owner,
  text: string,
  before: StoredContact | undefined,
  after: StoredContact | undefined,
  atMs: number,
): Promise<boolean> {
  const keys = contactKeys(namespace, owner);
  const personOf = (contact: StoredContact | undefined): string =>
    contact?.number === undefined ? '' : persons.of(owner.workspace, contact.number);
  const lost = (had: string, has: string): string => (had === has ? '' : had);
  const [person, external] = [personOf(after), after?.external_id ?? ''];
  const tags = after?.tags ?? [];
  const gone = (before?.tags ?? []).filter((tag) => !tags.includes(tag));
  const stands = await redis.run<number>(
    putScript,
    [keys.contacts, keys.numbers, keys.externals, keys.updated, ...[...tags, ...gone].map(keys.tag)],
    [
      after?.id ?? before?.id ?? '',
      text,
      after ? JSON.stringify(after) : '',
      atMs,
      person,
      external,
      lost(personOf(before), person),
      lost(before?.external_id ?? '', external),
      tags.length,
    ],
  );
  return stands === 1;
}

async function readPage(
  { redis, namespace }: ContactsOptions,
  owner: Owner,
  { tag, updatedAfterMs }: ContactFilter,
  after: ContactPosition | undefined,
  limit: number,
) {
  const keys = contactKeys(namespace, owner);
  const list = tag === undefined ? keys.updated : keys.tag(tag);
  // Of one millisecond there may be many: those that the pages before have shown are passed.
  const together = after ? await ask(redis.client.zrevrangebyscore(list, after.atMs, after.atMs)) : [];
  const skip = after ? together.filter((id) => id >= after.id).length : 0;
  const least = updatedAfterMs === undefined ? '-inf' : `(${updatedAfterMs}`;
  const most = after?.atMs ?? '+inf';
  const found = await ask(
    redis.client.zrevrangebyscore(list, most, least, 'WITHSCORES', 'LIMIT', skip, limit + 1),
  );
  const ids = found.filter((_, i) => i % 2 === 0).slice(0, limit);
  const texts = ids.length === 0 ? [] : await ask(redis.client.hmget(keys.contacts, ...ids));
  const rows = texts.flatMap((text) => (text ? [JSON.parse(text) as StoredContact] : []));
  const last = ids.at(-1);
  const more = found.length > 2 * limit && last !== undefined;
  return { rows, next: more ? { atMs: Number(found[2 * ids.length - 1]), id: last } : undefined };
}
