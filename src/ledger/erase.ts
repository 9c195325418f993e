// Takes out of one chunk what was said of some of its rows: who they are for, what they were told, and the ids of their messages, which hold the
// number. Their statuses stay, so the counts do.
import { ask, type Redis } from '../base/redis.ts';
import { decodeRows, encodeRows } from '../base/rows.ts';
import { loadScript } from '../base/script.ts';
import { ERASED_ROW, isErased, type Row, type SealRecord } from '../contract/record.ts';
import { chunkKeys, jobKeys } from './keys.ts';
import { foldResults, type Result, readLines, unfoldResults } from './results.ts';
import { chunkRange } from './row.ts';

const eraseScript = loadScript(import.meta.dirname, 'lua/erase.lua');
/** Others may write to the same chunk meanwhile. */
const ATTEMPTS = 5;

/**
 * `gone`: places in chunk `n`, beside those that are erased already, of which late words may have come. False when others kept writing:
 * to be tried again. Repeatable.
 */
export async function eraseItems(
  redis: Redis,
  namespace: string,
  seal: SealRecord,
  n: number,
  gone: ReadonlySet<number>,
): Promise<boolean> {
  const { home, job, fingerprint, dies_at } = seal;
  const keys = chunkKeys(namespace, home, job, fingerprint, n);
  const { row } = jobKeys(namespace, home, job, fingerprint);
  const { first } = chunkRange(seal, n);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const [blob, lines, folded] = await ask(redis.client.mgetBuffer(keys.rows, keys.results, keys.folded));
    if (!blob) return true;
    const rows = decodeRows(blob).map((one, at): Row => (one !== 0 && gone.has(at) ? ERASED_ROW : one));
    const results = readLines(lines?.toString('utf8') ?? '', folded ? unfoldResults(folded) : new Map());
    const named = [...results.values()].filter(
      ({ index, providerId }) => providerId && isErased(rows[index - first] ?? 0),
    );
    if (gone.size === 0 && named.length === 0) return true;
    for (const one of named) results.set(one.index, { ...one, providerId: NO_ID } satisfies Result);
    const texts = named.length > 0 ? foldResults(results) : '';
    const done = await redis.run<number>(
      eraseScript,
      [row, keys.rows, keys.results, keys.folded],
      [blob, encodeRows(rows), lines?.length ?? 0, folded ?? '', texts, dies_at],
    );
    if (done === 1) return true;
  }
  return false;
}

/** It had one: the platform took the message. */
const NO_ID = '';
