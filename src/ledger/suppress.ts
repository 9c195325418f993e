// Items that end where they are queued: the person opted out, or got this message already; or a contact that stands in the store. Status, count
// and reason in one script per chunk.
import type { Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import { JOBS_LETTER } from '../contract/event.ts';
import { STATUS_BYTE } from '../contract/job.ts';
import type { SealRecord } from '../contract/record.ts';
import { foldChunk } from './fold.ts';
import { chunkKeys, jobKeys } from './keys.ts';
import { hintTold } from './outbox.ts';
import { type Result, resultLine } from './results.ts';
import { chunkOf, chunkRange } from './row.ts';

const suppressScript = loadScript(import.meta.dirname, 'lua/suppress.lua');

export interface SuppressedRow {
  index: number;
  code: 'suppressed' | 'recent';
  message: string;
}

/** How many moved: what is not queued any more stays as it is. Repeatable. `atMs`: unix ms. */
export const suppressRows = (
  redis: Redis,
  namespace: string,
  seal: SealRecord,
  rows: readonly SuppressedRow[],
  atMs: number,
  /** Letters of what customers want to be told; '' = nothing. */
  letters = '',
): Promise<number> =>
  endRows(redis, namespace, seal, rows.map(suppressedResult(atMs)), STATUS_BYTE.suppressed, letters);

/** The contacts of a contact job that stand in the store, by their ids. Repeatable. `letters`: as `contactLettersOf` gives them. */
export const acceptContacts = (
  redis: Redis,
  namespace: string,
  seal: SealRecord,
  rows: readonly { index: number; id: string }[],
  atMs: number,
  letters = '',
): Promise<number> => {
  const results = rows.map(({ index, id }) => ({
    index,
    atMs,
    providerId: id === '' ? null : id,
    error: null,
  }));
  return endRows(redis, namespace, seal, results, STATUS_BYTE.accepted, letters);
};

/** The one row of a submission: `accepted` with the platform's id, `failed` or `expired` with the reason. Repeatable. Tells of the job only. */
export const endSubmission = (
  redis: Redis,
  namespace: string,
  seal: SealRecord,
  ended: Omit<Result, 'index'> & { to: 'accepted' | 'failed' | 'expired' },
  letters: string,
): Promise<number> =>
  endRows(
    redis,
    namespace,
    seal,
    [{ index: 0, atMs: ended.atMs, providerId: ended.providerId, error: ended.error }],
    STATUS_BYTE[ended.to],
    letters.includes(JOBS_LETTER) ? JOBS_LETTER : '',
  );

const suppressedResult =
  (atMs: number) =>
  ({ index, code, message }: SuppressedRow): Result => ({
    index,
    atMs,
    providerId: null,
    error: { code, message },
  });

async function endRows(
  redis: Redis,
  namespace: string,
  seal: SealRecord,
  ended: readonly Result[],
  to: string,
  letters: string,
): Promise<number> {
  const { home, job, fingerprint, dies_at } = seal;
  const keys = jobKeys(namespace, home, job, fingerprint);
  let moved = 0;
  for (const [n, some] of Map.groupBy(ended, ({ index }) => chunkOf(seal, index))) {
    const { first, last } = chunkRange(seal, n);
    const { results } = chunkKeys(namespace, home, job, fingerprint, n);
    const [count, whole] = await redis.run<[number, number]>(
      suppressScript,
      [keys.row, keys.statuses, results, keys.outbox],
      ['', fingerprint, first, last, dies_at, job, letters, to, ...some.map(resultLine)],
    );
    moved += count;
    if (whole === 1) await foldChunk(redis, namespace, seal, n);
  }
  if (letters !== '' && moved > 0) hintTold(redis, namespace, home);
  return moved;
}
