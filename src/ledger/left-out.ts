// Rows of a request that never became items: kept chunk by chunk beside the rows that did, packed in the same way, and read by the page.

import { ask, type Redis } from '../base/redis.ts';
import { packRows, unpackRows } from '../base/rows.ts';
import { chunkKeys } from './keys.ts';
import type { LeftOut, Page } from './port.ts';
import { type JobRow, startsOf } from './row.ts';

/** As it is kept. */
type Packed = [index: number, code: string, message: string, of: number | null, line: number | null];

/** Chunks that are looked at together, and in one page at most: a page may be short and still have a next. */
const CHUNKS_AT_ONCE = 100;
const SCAN_MAX_CHUNKS = 2_000;

export const packLeftOut = (rows: readonly LeftOut[]): Buffer =>
  packRows(
    Buffer.from(
      JSON.stringify(
        rows.map(({ index, code, message, of, line }): Packed => [index, code, message, of, line]),
      ),
    ),
  );

const unpackLeftOut = (blob: Buffer): LeftOut[] =>
  (JSON.parse(unpackRows(blob).toString('utf8')) as Packed[]).map(([index, code, message, of, line]) => ({
    index,
    code,
    message,
    of,
    line,
  }));

/** By index, from `fromIndex` on. */
export async function readLeftOut(
  redis: Redis,
  namespace: string,
  { seal }: Pick<JobRow, 'seal'>,
  fromIndex: number,
  limit: number,
): Promise<Page<LeftOut, number>> {
  const { home, job, fingerprint } = seal;
  const starts = startsOf(seal);
  const rows: LeftOut[] = [];
  const first = Math.max(
    0,
    starts.findLastIndex((start) => start <= fromIndex),
  );
  const end = Math.min(starts.length, first + SCAN_MAX_CHUNKS);
  for (let n = first; n < end; n += CHUNKS_AT_ONCE) {
    const keys = Array.from(
      { length: Math.min(CHUNKS_AT_ONCE, end - n) },
      (_, i) => chunkKeys(namespace, home, job, fingerprint, n + i).leftOut,
    );
    for (const blob of await ask(redis.client.mgetBuffer(...keys)))
      if (blob) rows.push(...unpackLeftOut(blob).filter(({ index }) => index >= fromIndex));
    if (rows.length > limit) return { rows: rows.slice(0, limit), next: rows[limit]?.index };
  }
  return { rows, next: end < starts.length ? starts[end] : undefined };
}
