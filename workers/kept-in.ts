// Where changes that Redis alone would know are kept so that it cannot lose them, and how they come back.

import type { AuditEntry, AuditTrail } from '../src/accounts/audit.ts';
import type { AccountsRegistry } from '../src/accounts/registry.ts';
import type { Kept } from '../src/accounts/store.ts';
import { parseKept } from '../src/accounts/stored.ts';
import type { Contacts } from '../src/contacts/contacts.ts';
import type { KeepPeople } from '../src/contacts/keep.ts';
import type { Suppressions } from '../src/contacts/suppressions.ts';
import { auditRecordSchema, type StateRecord, stateRecordSchema } from '../src/contract/state.ts';
import type { DeliveredEntry, Log } from '../src/log/port.ts';

/** A contact is a few kilobytes at most, and a broker refuses a batch above 1 MiB. */
const APPEND_MAX_RECORDS = 64;

type Appending = Pick<Log, 'append'>;

export const keptIn =
  (log: Appending) =>
  ({ kind, id, stored }: Kept): Promise<void> =>
    append(log, [{ v: 1, type: 'account', kind, id, stored }]);

export const peopleKeptIn =
  (log: Appending): KeepPeople =>
  (records) =>
    append(log, records);

/** All in one partition: the trail is short, and in order. */
export const auditKeptIn =
  (log: Appending) =>
  async ({ atMs, ...entry }: AuditEntry): Promise<void> => {
    const value = JSON.stringify({ v: 1, type: 'audit', at: atMs, ...entry });
    await log.append('audit', [{ key: 'audit', headers: { v: '1', type: 'audit' }, value }]);
  };

/** What no release like this one wrote is left out. */
export const bringBackAudit = (
  audit: Pick<AuditTrail, 'restore'>,
  entries: readonly Pick<DeliveredEntry, 'value'>[],
): Promise<void> =>
  audit.restore(
    entries.flatMap(({ value }) => {
      const { data } = auditRecordSchema.safeParse(JSON.parse(value));
      if (!data) return [];
      const { v: _v, type: _type, at: atMs, id, ...entry } = data;
      return [{ id, atMs, ...entry }];
    }),
  );

async function append(log: Appending, records: readonly StateRecord[]): Promise<void> {
  for (let i = 0; i < records.length; i += APPEND_MAX_RECORDS)
    await log.append('state', records.slice(i, i + APPEND_MAX_RECORDS).map(entryOf));
}

const entryOf = (record: StateRecord) => ({
  key: keyOf(record),
  headers: { v: '1', type: record.type },
  value: JSON.stringify(record),
});

/** The last record of a key is the one that counts. */
function keyOf(record: StateRecord): string {
  if (record.type === 'account') return `account/${record.kind}/${record.id}`;
  const { type, workspace, environment } = record;
  return `${type}/${workspace}/${environment}/${record.type === 'contact' ? record.id : record.person}`;
}

interface Restoring {
  accounts: Pick<AccountsRegistry, 'restore'>;
  suppressions: Pick<Suppressions, 'restore'>;
  contacts: Pick<Contacts, 'restore'>;
}

/** Entries of one partition, in order. What no release like this one wrote is left out. */
export async function bringBack(
  stores: Restoring,
  entries: readonly Pick<DeliveredEntry, 'key' | 'value'>[],
): Promise<void> {
  // Which record of a person is the newest they say themselves.
  const nameOf = (key: string, i: number): string => (key.startsWith('suppression/') ? `${key} ${i}` : key);
  const last = new Map(entries.map(({ key, value }, i) => [nameOf(key, i), value]));
  const accounts: Kept[] = [];
  const people: Exclude<StateRecord, { type: 'account' }>[] = [];
  for (const value of last.values()) {
    const { data } = stateRecordSchema.safeParse(JSON.parse(value));
    const kept = data?.type === 'account' ? parseKept(data) : undefined;
    if (kept) accounts.push(kept);
    else if (data && data.type !== 'account') people.push(data);
  }
  for (const kept of accounts) await stores.accounts.restore(kept);
  await Promise.all(
    people.map((record) =>
      record.type === 'contact' ? stores.contacts.restore(record) : stores.suppressions.restore(record),
    ),
  );
}
