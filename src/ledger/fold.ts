// Folds the results of a whole chunk into one blob. Lost work is harmless: the lines stay until a fold has replaced them.
import { ask, type Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import type { SealRecord } from '../contract/record.ts';
import { chunkKeys } from './keys.ts';
import { foldResults, readLines, unfoldResults } from './results.ts';

const foldScript = loadScript(import.meta.dirname, 'lua/fold.lua');
/** Fewer bytes than this are not worth a second key. */
const FOLD_MIN_BYTES = 256;

/** A chunk of which nothing is queued or sending any more. */
export async function foldChunk(
  redis: Redis,
  namespace: string,
  { home, job, fingerprint, dies_at }: SealRecord,
  n: number,
): Promise<void> {
  const keys = chunkKeys(namespace, home, job, fingerprint, n);
  const [lines, folded] = await ask(redis.client.mgetBuffer(keys.results, keys.folded));
  if (!lines || lines.length < FOLD_MIN_BYTES) return;
  const results = readLines(lines.toString('utf8'), folded ? unfoldResults(folded) : new Map());
  await redis.run(foldScript, [keys.results, keys.folded], [lines.length, foldResults(results), dies_at]);
}
