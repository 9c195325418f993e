// Items that are queued and must not be sent: the person opted out, or got this message already. Status, count and reason in one script per chunk.
import type { Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import type { SealRecord } from '../contract/record.ts';
import { foldChunk } from './fold.ts';
import { chunkKeys, jobKeys } from './keys.ts';
import { hintTold } from './outbox.ts';
import { resultLine } from './results.ts';
import { chunkOf, chunkRange } from './row.ts';

const suppressScript = loadScript(import.meta.dirname, 'lua/suppress.lua');

export interface SuppressedRow {
  index: number;
  code: 'suppressed' | 'recent';
  message: string;
}

/** How many moved: what is not queued any more stays as it is. Repeatable. `atMs`: unix ms. */
export async function suppressRows(
  redis: Redis,
  namespace: string,
  seal: SealRecord,
  rows: readonly SuppressedRow[],
  atMs: number,
  /** Letters of what customers want to be told; '' = nothing. */
  letters = '',
): Promise<number> {
  const { home, job, fingerprint, dies_at } = seal;
  const keys = jobKeys(namespace, home, job, fingerprint);
  let moved = 0;
  for (const [n, some] of Map.groupBy(rows, ({ index }) => chunkOf(seal, index))) {
    const { first, last } = chunkRange(seal, n);
    const { results } = chunkKeys(namespace, home, job, fingerprint, n);
    const lines = some.map(({ index, code, message }) =>
      resultLine({ index, atMs, providerId: null, error: { code, message } }),
    );
    const [count, whole] = await redis.run<[number, number]>(
      suppressScript,
      [keys.row, keys.statuses, results, keys.outbox],
      ['', fingerprint, first, last, dies_at, job, letters, ...lines],
    );
    moved += count;
    if (whole === 1) await foldChunk(redis, namespace, seal, n);
  }
  if (letters !== '' && moved > 0) hintTold(redis, namespace, home);
  return moved;
}
