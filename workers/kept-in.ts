// Where live changes of accounts are kept so that Redis cannot lose them, and how they come back.

import type { Kept } from '../src/accounts/store.ts';
import { parseKept } from '../src/accounts/stored.ts';
import { type StateRecord, stateRecordSchema } from '../src/contract/state.ts';
import type { DeliveredEntry, Log } from '../src/log/port.ts';

export const keptIn =
  (log: Pick<Log, 'append'>) =>
  async ({ kind, id, stored }: Kept): Promise<void> => {
    const record: StateRecord = { v: 1, type: 'account', kind, id, stored };
    const headers = { v: '1', type: record.type };
    await log.append('state', [{ key: `account/${kind}/${id}`, headers, value: JSON.stringify(record) }]);
  };

/** Undefined: nothing that this release can read. */
export function keptOf({ value }: Pick<DeliveredEntry, 'value'>): Kept | undefined {
  const { data } = stateRecordSchema.safeParse(JSON.parse(value));
  return data && parseKept(data);
}
