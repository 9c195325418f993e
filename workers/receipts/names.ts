// Which sender the platform means: changes of an account name it by ids that stand in no accounts file. They are learned from webhooks
// that name the number too. What cannot be told for sure is nobody's.
import type { Accounts, Sender } from '../../src/accounts/port.ts';
import { ask, type Redis } from '../../src/base/redis.ts';
import type { ReceiptRecord } from '../../src/contract/receipt.ts';

/** Names remembered by this process as already written. */
const MAX_LEARNED = 10_000;

export interface NamesOptions {
  redis: Redis;
  namespace: string;
  accounts: Pick<Accounts, 'sender' | 'senders'>;
}

export interface Names {
  /** Learns from a record that names its number. */
  learn(record: ReceiptRecord): Promise<void>;
  /** The sender whose number is shown so. */
  byNumber(record: ReceiptRecord): Promise<Sender | undefined>;
  /** One of the senders of the account; they all share its portfolio. */
  byAccount(record: ReceiptRecord): Promise<Sender | undefined>;
}

export function createNames({ redis, namespace, accounts }: NamesOptions): Names {
  const learned = new Set<string>();
  const keyOf = ({ workspace, environment }: ReceiptRecord): string =>
    `${namespace}:{${workspace}}:names:${environment}`;

  /** Senders of the app that posted: all that the change may be about. */
  const suspects = (record: ReceiptRecord): Sender[] => {
    const via = accounts.sender(record.sender);
    if (!via) return [];
    return accounts
      .senders({ workspace: record.workspace, environment: record.environment })
      .filter(({ platform, app_secret }) => platform === via.platform && app_secret === via.app_secret);
  };

  const known = async (record: ReceiptRecord, field: string | undefined): Promise<Sender | undefined> => {
    const id = field === undefined ? null : await ask(redis.client.hget(keyOf(record), field));
    const sender = id === null ? undefined : accounts.sender(id);
    return sender?.workspace === record.workspace ? sender : undefined;
  };

  return {
    learn: async (record) => {
      const key = keyOf(record);
      const fields = [
        record.account && `account:${record.account}`,
        record.number && `number:${record.number}`,
      ];
      for (const field of fields) {
        const fact = `${key} ${field} ${record.sender}`;
        if (!field || learned.has(fact)) continue;
        await ask(redis.client.hset(key, field, record.sender));
        if (learned.size >= MAX_LEARNED) learned.clear();
        learned.add(fact);
      }
    },
    byNumber: async (record) => {
      const told = await known(record, record.number && `number:${record.number}`);
      const all = suspects(record);
      return told ?? (all.length === 1 ? all[0] : undefined);
    },
    byAccount: async (record) => {
      const told = await known(record, record.account && `account:${record.account}`);
      const all = suspects(record);
      const named = all.find(({ account_id }) => account_id !== undefined && account_id === record.account);
      return named ?? told ?? (new Set(all.map(({ home }) => home)).size === 1 ? all[0] : undefined);
    },
  };
}
