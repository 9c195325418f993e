// Folds the results of a whole chunk into one blob. Lost work is harmless: the lines stay until a fold has replaced them.
import { ask, type Redis } from '../../src/base/redis.ts';
import { loadScript } from '../../src/base/script.ts';
import { chunkKeys } from '../../src/ledger/keys.ts';
import { foldResults, readLines, unfoldResults } from '../../src/ledger/results.ts';
import type { WholeChunk } from './settle.ts';

const foldScript = loadScript(import.meta.dirname, '../../src/ledger/lua/fold.lua');
/** Fewer bytes than this are not worth a second key. */
const FOLD_MIN_BYTES = 256;

export async function foldChunk(redis: Redis, namespace: string, { view, n }: WholeChunk): Promise<void> {
  const { home, job, fingerprint, dies_at } = view.seal;
  const keys = chunkKeys(namespace, home, job, fingerprint, n);
  const [lines, folded] = await ask(redis.client.mgetBuffer(keys.results, keys.folded));
  if (!lines || lines.length < FOLD_MIN_BYTES) return;
  const results = readLines(lines.toString('utf8'), folded ? unfoldResults(folded) : new Map());
  await redis.run(foldScript, [keys.results, keys.folded], [lines.length, foldResults(results), dies_at]);
}
