// Pages of items: a slice of the status bytes, then the rows and results of just those items.
import { ask, type Redis } from '../base/redis.ts';
import { decodeRows } from '../base/rows.ts';
import { type Item, type ItemStatus, STATUS_BYTE, statusOfByte } from '../contract/job.ts';
import { ERASED_ROW, isErased, type Row } from '../contract/record.ts';
import { isoTime } from '../contract/time.ts';
import { chunkKeys, jobKeys } from './keys.ts';
import type { FindForgotten, LedgerReader } from './port.ts';
import { type Result, readLines, unfoldResults } from './results.ts';
import { chunkOf, chunkRange, type JobRow } from './row.ts';

/** Status bytes that one page may look at; a filter that matches little gives a short page with a `next`. */
const SCAN_MAX_ROWS = 100_000;

interface Found {
  index: number;
  status: ItemStatus;
}

interface Chunk {
  rows: Row[];
  results: Map<number, Result>;
}

export interface ItemReaderOptions {
  redis: Redis;
  namespace: string;
  forgotten?: FindForgotten;
}

export function createItemReader(
  { redis, namespace, forgotten }: ItemReaderOptions,
  rowOf: (home: string, id: string) => Promise<JobRow | undefined>,
): LedgerReader['items'] {
  return async (home, id, status, fromIndex, limit) => {
    const row = await rowOf(home, id);
    if (!row?.opened) return { rows: [], next: undefined };
    const keys = jobKeys(namespace, home, id, row.seal.fingerprint);
    const bytes = await ask(
      redis.client.getrangeBuffer(keys.statuses, fromIndex, fromIndex + SCAN_MAX_ROWS - 1),
    );
    const found = pick(bytes, status, fromIndex, limit);
    const end = found.length === limit ? (found.at(-1)?.index ?? 0) + 1 : fromIndex + bytes.length;
    const next = end < row.seal.rows ? end : undefined;
    const chunks = await readChunks(redis, namespace, home, row, found);
    const tries = await triesOf(redis, keys, found);
    const again = await resentOf(redis, keys, found);
    const shown = found.map(({ index }) => rowAt(row, chunks, index));
    const gone = (await forgotten?.(row.seal, shown)) ?? new Set();
    const rows = found.map((one, i) => {
      const content = gone.has(i) ? ERASED_ROW : (shown[i] ?? 0);
      return itemOf(row, one, tries[i] ?? 0, content, resultAt(row, chunks, one.index));
    });
    return {
      rows: rows.map((item) => (again.has(item.index) ? { ...item, possible_duplicate: true } : item)),
      next,
    };
  };
}

function pick(bytes: Buffer, status: ItemStatus | undefined, from: number, limit: number): Found[] {
  const wanted = status && STATUS_BYTE[status].charCodeAt(0);
  const found: Found[] = [];
  for (let i = 0; i < bytes.length && found.length < limit; i++) {
    const byte = bytes[i] ?? 0;
    const name = wanted === undefined || byte === wanted ? statusOfByte(byte) : undefined;
    if (name) found.push({ index: from + i, status: name });
  }
  return found;
}

async function readChunks(
  redis: Redis,
  namespace: string,
  home: string,
  row: JobRow,
  found: Found[],
): Promise<Map<number, Chunk>> {
  const { job, fingerprint } = row.seal;
  const numbers = [...new Set(found.map(({ index }) => chunkOf(row.seal, index)))];
  const chunks = await Promise.all(
    numbers.map(async (n): Promise<[number, Chunk]> => {
      const keys = chunkKeys(namespace, home, job, fingerprint, n);
      const [rows, lines, folded] = await ask(redis.client.mgetBuffer(keys.rows, keys.results, keys.folded));
      const results = readLines(lines?.toString('utf8') ?? '', folded ? unfoldResults(folded) : new Map());
      return [n, { rows: rows ? decodeRows(rows) : [], results }];
    }),
  );
  return new Map(chunks);
}

/** How often each item was tried, without the starts that do not count. */
async function triesOf(redis: Redis, keys: ReturnType<typeof jobKeys>, found: Found[]): Promise<number[]> {
  const first = found[0];
  const last = found.at(-1);
  if (!first || !last) return [];
  const tries = await ask(redis.client.getrangeBuffer(keys.tries, first.index, last.index));
  const uncounted = await ask(redis.client.hmget(keys.uncounted, ...found.map(({ index }) => String(index))));
  return found.map(
    ({ index }, i) => ((((tries[index - first.index] ?? 0) - Number(uncounted[i] ?? 0)) % 256) + 256) % 256,
  );
}

/** Which of them were sent once more after nobody had heard of them. */
async function resentOf(
  redis: Redis,
  keys: ReturnType<typeof jobKeys>,
  found: Found[],
): Promise<Set<number>> {
  if (found.length === 0) return new Set();
  const marks = await ask(redis.client.hmget(keys.resent, ...found.map(({ index }) => String(index))));
  return new Set(found.filter((_, i) => marks[i] !== null).map(({ index }) => index));
}

const rowAt = ({ seal }: JobRow, chunks: Map<number, Chunk>, index: number): Row => {
  const n = chunkOf(seal, index);
  return chunks.get(n)?.rows[index - chunkRange(seal, n).first] ?? 0;
};

const resultAt = ({ seal }: JobRow, chunks: Map<number, Chunk>, index: number): Result | undefined =>
  chunks.get(chunkOf(seal, index))?.results.get(index);

/** The id of a message holds the number: nothing is shown of it where the person was forgotten. */
function itemOf(
  { seal }: JobRow,
  { index, status }: Found,
  attempts: number,
  row: Row,
  result: Result | undefined,
): Item {
  return {
    index,
    to: row ? row[0] : '',
    reference: row ? row[2] || null : null,
    status,
    attempts,
    provider_id: (!isErased(row) && result?.providerId) || null,
    error: result?.error ?? null,
    hold: null,
    updated_at: isoTime(result?.atMs ?? seal.created_at),
  };
}
