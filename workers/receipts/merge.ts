// Receipts of one chunk → its items, in one script. Repeatable, and the same whatever the order.
import type { Redis } from '../../src/base/redis.ts';
import { loadScript } from '../../src/base/script.ts';
import type { ReceiptStatus } from '../../src/contract/receipt.ts';
import type { SealRecord } from '../../src/contract/record.ts';
import { laneKeys } from '../../src/lanes/keys.ts';
import { chunkKeys, jobKeys } from '../../src/ledger/keys.ts';
import { chunkRange } from '../../src/ledger/row.ts';

const mergeScript = loadScript(import.meta.dirname, 'lua/merge.lua');

/** A receipt that names its call. */
export interface Receipt extends Omit<ReceiptStatus, 'index' | 'try'> {
  index: number;
  try: number;
}

export interface Merged {
  /** How many items moved; the rest knew more already, or ranks higher. */
  moved: number;
  /** Bytes of result lines in a chunk that is whole; 0 while something of it is queued or sending. */
  foldable: number;
  /** The job has items of forgotten people: a receipt may have told the id of their message again. */
  erased: boolean;
}

const BYTE = { sent: 'a', failed: 'f', delivered: 'd', read: 'r' } as const;

/** `n`: the chunk that holds all of them. Undefined when the job is not kept any more. */
export async function merge(
  redis: Redis,
  namespace: string,
  seal: SealRecord,
  n: number,
  receipts: readonly Receipt[],
  /** Letters of what customers want to be told; '' = nothing. */
  letters = '',
): Promise<Merged | undefined> {
  const { home, job, fingerprint, sender, dies_at } = seal;
  const keys = jobKeys(namespace, home, job, fingerprint);
  const { results } = chunkKeys(namespace, home, job, fingerprint, n);
  const { first, last } = chunkRange(seal, n);
  const [moved, foldable, erased] = await redis.run<[number, number, number]>(
    mergeScript,
    [keys.row, keys.statuses, keys.tries, results, laneKeys(namespace, { home, sender }).flying, keys.outbox],
    ['', job, fingerprint, first, last, dies_at, letters, ...receipts.map(argumentOf)],
  );
  return moved < 0 ? undefined : { moved, foldable, erased: erased === 1 };
}

const argumentOf = ({ index, try: attempt, status, at, id, error }: Receipt): string => {
  const value = status === 'failed' ? `${error?.code ?? 'failed'} ${error?.message ?? ''}` : id;
  return [index, attempt, BYTE[status], at.toString(36), oneLine(value)].join();
};

const oneLine = (text: string): string => text.replace(/[\t\n\r]/g, ' ');
