// Rows → chunks, by row position alone: at most 500 rows and 192 KB of JSON each. The same rows always give the same chunks,
// so a repeat of the request names the same digests.
import { CHUNK_MAX_BYTES, CHUNK_MAX_ROWS, type Row } from '../contract/record.ts';

export interface Cut {
  /** Position of the first row. */
  from: number;
  count: number;
  /** JSON of the rows. */
  raw: Buffer;
}

/** Lazily, so that the caller may breathe between chunks. A row is at most 32 KB, so every chunk has one at least. */
export function* cutRows(rows: readonly Row[]): Generator<Cut> {
  let heavy = false;
  for (let from = 0; from < rows.length; ) {
    const slice = rows.slice(from, from + CHUNK_MAX_ROWS);
    const whole: Buffer | undefined = heavy ? undefined : jsonOf(slice);
    const count: number =
      whole !== undefined && whole.length <= CHUNK_MAX_BYTES ? slice.length : fitting(slice);
    yield {
      from,
      count,
      raw: whole !== undefined && count === slice.length ? whole : jsonOf(slice.slice(0, count)),
    };
    heavy = count < slice.length;
    from += count;
  }
}

/**
 * How many rows from the start fit, weighed one by one. Only for rows that are heavy: 500 of a real list fit, and then
 * one call to the JSON writer says so.
 */
function fitting(slice: readonly Row[]): number {
  let bytes = 1;
  for (const [i, row] of slice.entries()) {
    bytes += Buffer.byteLength(JSON.stringify(row)) + 1;
    if (bytes > CHUNK_MAX_BYTES) return Math.max(1, i);
  }
  return slice.length;
}

const jsonOf = (rows: readonly Row[]): Buffer => Buffer.from(JSON.stringify(rows));
