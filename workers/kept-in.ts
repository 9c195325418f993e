// Where changes that Redis alone would know are kept so that it cannot lose them, and how they come back.

import type { Kept } from '../src/accounts/store.ts';
import { parseKept } from '../src/accounts/stored.ts';
import type { PeopleState } from '../src/contacts/keep.ts';
import { type StateRecord, stateRecordSchema } from '../src/contract/state.ts';
import type { DeliveredEntry, Log } from '../src/log/port.ts';
import type { Stores } from './stores.ts';

type Appending = Pick<Log, 'append'>;

export const keptIn =
  (log: Appending) =>
  ({ kind, id, stored }: Kept): Promise<void> =>
    append(log, [{ v: 1, type: 'account', kind, id, stored }]);

export const peopleKeptIn =
  (log: Appending) =>
  (records: readonly PeopleState[]): Promise<void> =>
    append(log, records);

async function append(log: Appending, records: readonly StateRecord[]): Promise<void> {
  const entries = records.map((record) => ({
    key: keyOf(record),
    headers: { v: '1', type: record.type },
    value: JSON.stringify(record),
  }));
  await log.append('state', entries);
}

/** The last record of a key is the one that counts. */
function keyOf(record: StateRecord): string {
  if (record.type === 'account') return `account/${record.kind}/${record.id}`;
  const { type, workspace, environment, person } = record;
  return `${type}/${workspace}/${environment}/${person}`;
}

type Restoring = Pick<Stores, 'accounts' | 'suppressions'>;

/** Entries of one partition, in order. What no release like this one wrote is left out. */
export async function bringBack(
  stores: Restoring,
  entries: readonly Pick<DeliveredEntry, 'key' | 'value'>[],
): Promise<void> {
  const last = new Map(entries.map(({ key, value }) => [key, value]));
  const accounts: Kept[] = [];
  const people: PeopleState[] = [];
  for (const value of last.values()) {
    const { data } = stateRecordSchema.safeParse(JSON.parse(value));
    const kept = data?.type === 'account' ? parseKept(data) : undefined;
    if (kept) accounts.push(kept);
    else if (data && data.type !== 'account') people.push(data);
  }
  for (const kept of accounts) await stores.accounts.restore(kept);
  await Promise.all(people.map((record) => stores.suppressions.restore(record)));
}
