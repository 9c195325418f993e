// An audience → rows. The list is frozen under the claim of its request before anything of it is stored, so that a try after a crash makes the
// same job, however the tags have changed.
import { createHash } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ask, type Redis } from '../base/redis.ts';
import type { StoredContact } from '../contacts/contact.ts';
import type { Contacts } from '../contacts/contacts.ts';
import type { Owner } from '../contacts/keys.ts';
import { type Audience, filledIn } from '../contract/audience.ts';
import type { Content, Variables } from '../contract/record.ts';
import type { Held } from './claim.ts';
import { type CheckedRows, type ContentCheck, checkRows } from './rows.ts';

/** A list is needed while its request may be sent again after a crash; it holds numbers. */
const FROZEN_MS = 24 * 3_600_000;
const LIST_MAX_BYTES = 64 * 1024 * 1024;

/** One contact: its id, number ('' = none), variables (0 = none, null = it lacks one) and reference. */
export type Addressed = [id: string, to: string, variables: Variables | 0 | null, reference: string];

export async function addressed(
  contacts: Pick<Contacts, 'audience'>,
  owner: Owner,
  audience: Audience,
): Promise<Addressed[]> {
  return (await contacts.audience(owner, audience)).map((contact) => [
    contact.id,
    contact.number ?? '',
    variablesOf(audience.variables, contact),
    contact.external_id ?? contact.id,
  ]);
}

function variablesOf(texts: Audience['variables'], contact: StoredContact): Addressed[2] {
  if (texts === undefined) return 0;
  const all = Object.entries(texts).map(([name, text]) => [name, filledIn(text, contact)] as const);
  if (all.some(([, text]) => text === undefined)) return null;
  const filled = all.map(([name, text]) => [name, text ?? ''] as const);
  return Array.isArray(texts) ? filled.map(([, text]) => text) : Object.fromEntries(filled);
}

/** Rows as of any job; what is wrong with one names its contact. */
export async function checkAddressed(
  list: readonly Addressed[],
  content: Content,
  check: ContentCheck,
): Promise<CheckedRows> {
  const messages = list.map(([, to, variables, reference]) =>
    variables === null ? null : { to, reference, ...(variables && { variables }) },
  );
  const checked = await checkRows(messages, content, check);
  for (const one of [...checked.rejected, ...checked.leftOut]) {
    const [id, to, variables] = list[one.index] ?? [];
    if (one.code === 'duplicate') continue;
    if (variables === null) one.code = 'variables_missing';
    const why = variables === null ? 'lacks a variable' : to === '' ? 'has no number' : one.message;
    one.message = `the contact ${id}: ${why}`;
  }
  return checked;
}

/** What was frozen first is what counts. A request that nobody can send again freezes nothing. */
export async function frozen(
  { client }: Redis,
  held: Held,
  resolve: () => Promise<Addressed[]>,
): Promise<Addressed[]> {
  if (held.keyless) return resolve();
  const { audience: key } = held.keys;
  const before = await ask(client.getBuffer(key));
  if (before) return thawed(before);
  const list = await resolve();
  const set = await ask(client.set(key, zstdCompressSync(JSON.stringify(list)), 'PX', FROZEN_MS, 'NX'));
  const first = set === 'OK' ? undefined : await ask(client.getBuffer(key));
  return first ? thawed(first) : list;
}

const thawed = (bytes: Buffer): Addressed[] =>
  JSON.parse(zstdDecompressSync(bytes, { maxOutputLength: LIST_MAX_BYTES }).toString('utf8')) as Addressed[];

/** The job is stored, or surely never will be. */
export async function thaw({ client }: Redis, { keys, keyless }: Held): Promise<void> {
  if (!keyless) await client.unlink(keys.audience).catch(() => {});
}

/** The job's bytes carry the list too: two lists under one claim never mix. */
export const withList = (held: Held, list: readonly Addressed[]): Held => ({
  ...held,
  fingerprint: createHash('sha256').update(held.fingerprint).update(JSON.stringify(list)).digest(),
});
