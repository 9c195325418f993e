// A verified webhook → entries of the log. Pure. The address only chose the secret: each part goes to the sender it names, if that one
// belongs to the workspace and environment whose secret verified it. What names somebody else's is left out and counted (F12).
import type { Accounts, Sender } from '../accounts/port.ts';
import {
  type AccountRecord,
  type InboundRecord,
  RECORD_MAX_MESSAGES,
  RECORD_MAX_STATUSES,
  type ReceiptRecord,
  type ReceiptStatus,
  type StatusesRecord,
} from '../contract/receipt.ts';
import type { AttemptIds } from '../ledger/attempt-id.ts';
import type { LogEntry } from '../log/port.ts';
import type { Heard, HeardStatus } from '../platforms/port.ts';
import type { HomeIndex } from './home-index.ts';

export interface SplitOptions {
  accounts: Pick<Accounts, 'sendersKnownAs'>;
  homes: Pick<HomeIndex, 'homeOfJob'>;
  attemptIds: Pick<AttemptIds, 'read'>;
}

export interface SplitHook {
  entries: LogEntry[];
  /** Changes that name a sender which is not of the workspace. */
  foreign: number;
}

/** `verified`: the sender whose secret the signature was made with. */
export function splitHook(
  options: SplitOptions,
  heard: readonly Heard[],
  verified: Sender,
  atMs: number,
): SplitHook {
  const { platform, workspace, environment } = verified;
  const base = { v: 1 as const, workspace, environment, at: atMs };
  const entries: LogEntry[] = [];
  let foreign = 0;
  for (const one of heard) {
    if (one.kind === 'account') {
      const { names, change } = one;
      entries.push(
        entryOf({ ...base, ...names, type: 'account', sender: verified.id, change } satisfies AccountRecord),
      );
      continue;
    }
    const sender = options.accounts
      .sendersKnownAs(platform, one.externalId)
      .find((known) => known.workspace === workspace && known.environment === environment);
    if (!sender) {
      foreign += 1;
      continue;
    }
    const shared = { ...base, ...one.names, sender: sender.id };
    if (one.kind === 'inbound') {
      for (const messages of slices(one.messages, RECORD_MAX_MESSAGES))
        entries.push(entryOf({ ...shared, type: 'inbound', messages } satisfies InboundRecord));
      continue;
    }
    for (const [job, statuses] of byJob(options, one.statuses, verified))
      for (const slice of slices(statuses, RECORD_MAX_STATUSES))
        entries.push(
          entryOf({
            ...shared,
            type: 'statuses',
            ...(job !== '' && { job }),
            statuses: slice,
          } satisfies StatusesRecord),
        );
  }
  return { entries, foreign };
}

/** Statuses by the job that their attempt id names; '' for those without one of ours, or with one of somebody else's job. */
function byJob(
  { attemptIds, homes }: SplitOptions,
  statuses: readonly HeardStatus[],
  verified: Sender,
): Map<string, ReceiptStatus[]> {
  const jobs = new Map<string, ReceiptStatus[]>();
  for (const { attemptId, ...status } of statuses) {
    const name = attemptId === undefined ? undefined : attemptIds.read(attemptId);
    const own = name && homes.homeOfJob(verified, name.job) !== undefined ? name : undefined;
    const told = own ? { ...status, index: own.index, try: own.try } : status;
    const job = own?.job ?? '';
    const known = jobs.get(job);
    if (known) known.push(told);
    else jobs.set(job, [told]);
  }
  return jobs;
}

/** One key per job keeps its receipts together; what belongs to no job goes by its sender. */
function entryOf(record: ReceiptRecord): LogEntry {
  const key = record.type === 'statuses' ? (record.job ?? record.sender) : record.sender;
  return {
    key,
    headers: { v: String(record.v), type: record.type, sender: record.sender },
    value: JSON.stringify(record),
  };
}

function slices<One>(all: readonly One[], size: number): One[][] {
  const parts: One[][] = [];
  for (let at = 0; at < all.length; at += size) parts.push(all.slice(at, at + size));
  return parts;
}
