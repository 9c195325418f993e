// What a dispatch process knows of jobs: the seal, and the rows of the chunks at hand. Bounded; least recently used go first.
import type { Clock } from '../../src/base/clock.ts';
import { ask, type Redis } from '../../src/base/redis.ts';
import { decodeRows } from '../../src/base/rows.ts';
import { type Row, type SealRecord, sealRecordSchema } from '../../src/contract/record.ts';
import { chunkKeys, jobRowKey } from '../../src/ledger/keys.ts';
import { chunkOf, chunkRange } from '../../src/ledger/row.ts';
import { Recent } from './recent.ts';

const MAX_JOBS = 2_000;
const MAX_CHUNKS = 400;
/** A change of a job is known after this. */
const FRESH_US = 500_000;

/** Rows of one job, in a row from `from` on. */
interface Span {
  from: number;
  rows: Row[];
}

interface Known {
  /** With the changes that were made since. */
  seal: SealRecord;
  /** The sets of time zones of its recipients, where it has quiet hours for each. */
  zoneSets?: readonly (readonly string[])[];
}

export interface JobView extends Known {
  home: string;
  /** The rows that were prepared for this view. What it has shown stays at hand as long as anyone holds it, however busy the cache. */
  spans: Span[];
}

export interface Jobs {
  /** A view of one's own, without rows yet. Undefined when the job is gone. */
  view(home: string, job: string): Promise<JobView | undefined>;
  /** Puts these rows at hand. */
  prepare(view: JobView, from: number, count: number): Promise<void>;
  /** A prepared row; undefined when it is no item or its chunk is gone. */
  row(view: JobView, index: number): Exclude<Row, 0> | undefined;
}

export function createJobs(redis: Redis, namespace: string, clock: Pick<Clock, 'monotonicUs'>): Jobs {
  const jobs = new Recent<Entry>(MAX_JOBS);
  const chunks = new Recent<Row[]>(MAX_CHUNKS);
  const knownOf = async (home: string, job: string): Promise<Known | undefined> => {
    const entry = jobs.get(job);
    if (entry && clock.monotonicUs() < entry.freshUntilUs) return entry.known;
    const key = jobRowKey(namespace, home, job);
    const known = entry && (await isSame(redis, key, entry)) ? entry.known : readJob(redis, key);
    jobs.set(job, { known, freshUntilUs: clock.monotonicUs() + FRESH_US });
    // What failed or was not there yet is asked for again.
    known.then(
      (found) => found ?? jobs.delete(job),
      () => jobs.delete(job),
    );
    return known;
  };
  const chunkAt = async ({ job, home, fingerprint }: SealRecord, n: number): Promise<Row[]> => {
    const id = `${job}:${fingerprint}:${n}`;
    const known = chunks.get(id);
    if (known) return known;
    const blob = await ask(redis.client.getBuffer(chunkKeys(namespace, home, job, fingerprint, n).rows));
    const rows = blob ? decodeRows(blob) : [];
    if (blob) chunks.set(id, rows);
    return rows;
  };
  return {
    view: async (home, job) => {
      const known = await knownOf(home, job);
      return known && { ...known, home, spans: [] };
    },
    prepare: async ({ seal, spans }, from, count) => {
      const end = from + count;
      for (let n = chunkOf(seal, from); n <= chunkOf(seal, end - 1); n++) {
        const start = chunkRange(seal, n).first;
        const rows = await chunkAt(seal, n);
        spans.push({
          from: Math.max(from, start),
          rows: rows.slice(Math.max(0, from - start), Math.max(0, end - start)),
        });
      }
    },
    row: ({ spans }, index) => {
      // The last prepared first: calls are made in the order in which rows come to hand.
      for (let i = spans.length - 1; i >= 0; i--) {
        const span = spans[i];
        const row = span && index >= span.from ? span.rows[index - span.from] : undefined;
        if (row) return row;
      }
      return undefined;
    },
  };
}

interface Entry {
  known: Promise<(Known & { version: string }) | undefined>;
  freshUntilUs: number;
}

/** Whether nobody has changed the job since it was read. */
async function isSame(redis: Redis, key: string, { known }: Entry): Promise<boolean> {
  const version = (await ask(redis.client.hget(key, 'rev'))) ?? '';
  return (await known)?.version === version;
}

async function readJob(redis: Redis, key: string): Promise<(Known & { version: string }) | undefined> {
  const [seal, zones, version] = await ask(redis.client.hmget(key, 'seal', 'zones', 'rev'));
  if (!seal) return undefined;
  return {
    seal: sealRecordSchema.parse(JSON.parse(seal)),
    version: version ?? '',
    ...(zones ? { zoneSets: JSON.parse(zones) as string[][] } : {}),
  };
}
