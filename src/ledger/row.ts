// A job's row in Redis ↔ the job as clients see it. Pure.
import type { Job, JobCounts, JobStatus } from '../contract/job.ts';
import { STATUS_BYTE } from '../contract/job.ts';
import { type SealRecord, sealRecordSchema } from '../contract/record.ts';
import { isoTime } from '../contract/time.ts';

/** The fields of a row that are read, in this order. */
export const ROW_FIELDS = [
  'state',
  'seal',
  'updated',
  'total',
  'then',
  ...Object.values(STATUS_BYTE).map((byte) => `n:${byte}`),
];

export interface JobRow {
  /** accepted: not yet in its lane; open; paused; canceling; completed, canceled, expired. */
  state: string;
  /** Its rows are in its lane; before, their statuses are not all there. */
  opened: boolean;
  seal: SealRecord;
  /** Unix milliseconds. */
  updatedMs: number;
  counts: JobCounts;
}

/** The answer of HMGET with `ROW_FIELDS`; undefined when there is no such job. */
export function readRow(values: (string | null)[]): JobRow | undefined {
  const [state, sealJson, updated, total, then, ...numbers] = values;
  const opened = state !== 'accepted';

  if (!state || !sealJson) return undefined;
  const seal = sealRecordSchema.parse(JSON.parse(sealJson));
  const n = Object.fromEntries(
    Object.keys(STATUS_BYTE).map((name, i) => [name, Number(numbers[i] ?? 0)]),
  ) as StatusCounts;
  return {
    // It may have been paused or canceled before it was in its lane.
    state: opened ? state : then || state,
    opened,
    seal,
    updatedMs: updated ? Math.floor(Number(updated) / 1_000) : seal.created_at,
    // Rows of a chunk that could not be read all count as items.
    counts: countsOf(opened, Number(total ?? seal.total), n),
  };
}

type StatusCounts = Record<keyof typeof STATUS_BYTE, number>;
const NO_COUNTS = Object.fromEntries(Object.keys(STATUS_BYTE).map((name) => [name, 0])) as StatusCounts;

const countsOf = (opened: boolean, total: number, n: StatusCounts): JobCounts => ({
  total,
  queued: opened ? n.queued : total,
  sending: n.sending,
  accepted: n.accepted + n.delivered + n.read,
  delivered: n.delivered + n.read,
  read: n.read,
  failed: n.failed,
  unknown: n.unknown,
  canceled: n.canceled,
  expired: n.expired,
  suppressed: n.suppressed,
});

/** The row of a job that was accepted just now. */
export const acceptedRow = (seal: SealRecord): JobRow => ({
  state: 'accepted',
  opened: false,
  seal,
  updatedMs: seal.created_at,
  counts: countsOf(false, seal.total, NO_COUNTS),
});

/** `now` (unix ms) decides between scheduled and queued. */
export function jobOf({ state, seal, updatedMs, counts }: JobRow, nowMs: number): Job {
  const open = counts.queued + counts.sending;
  return {
    id: seal.job,
    kind: seal.kind,
    sender: seal.sender,
    status: statusOf(state, seal, counts, nowMs),
    priority: seal.priority,
    created_at: isoTime(seal.created_at),
    updated_at: isoTime(updatedMs),
    metadata: seal.metadata,
    rejected_count: seal.rejected_count,
    duplicate_count: seal.duplicate_count,
    counts,
    progress: counts.total === 0 ? 1 : (counts.total - open) / counts.total,
    eta: null,
    hold: null,
  };
}

function statusOf(state: string, seal: SealRecord, counts: JobCounts, nowMs: number): JobStatus {
  if (state !== 'open') return state as JobStatus;
  if (counts.expired === counts.total) return 'expired';
  if (counts.queued < counts.total) return 'sending';
  return seal.send_at !== undefined && seal.send_at > nowMs ? 'scheduled' : 'queued';
}

/** What of a seal says where its chunks begin. */
export type Chunked = Pick<SealRecord, 'rows'> & Partial<Pick<SealRecord, 'starts' | 'stream'>>;

/** Seals of streams → first rows; a seal is asked for many rows. */
const streamStarts = new WeakMap<Chunked, readonly number[]>();

/** First row of each chunk, in order. */
export function startsOf(seal: Chunked): readonly number[] {
  if (!seal.stream) return seal.starts ?? [];
  const known = streamStarts.get(seal);
  if (known) return known;
  const starts: number[] = [];
  let next = 0;
  for (const run of seal.stream.cuts.split(' ').filter((one) => one !== '')) {
    const [rows = 0, times = 1] = run.split('*').map(Number);
    for (let i = 0; i < times; i += 1) {
      starts.push(next);
      next += rows;
    }
  }
  streamStarts.set(seal, starts);
  return starts;
}

/** Rows of each chunk → `cuts`. */
export function cutsOf(counts: readonly number[]): string {
  const runs: [rows: number, times: number][] = [];
  for (const rows of counts) {
    const last = runs.at(-1);
    if (last?.[0] === rows) last[1] += 1;
    else runs.push([rows, 1]);
  }
  return runs.map(([rows, times]) => (times === 1 ? String(rows) : `${rows}*${times}`)).join(' ');
}

/** The rows of an upload are not all in: nothing of it is in its lane, and its seal is yet to come. */
export const isUploading = ({ rows, stream }: Chunked): boolean => stream !== undefined && rows === 0;

/** Which chunk a row stands in. A lookup, since chunks differ in length. */
export function chunkOf(seal: Chunked, index: number): number {
  const starts = startsOf(seal);
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= index) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** First and last row of chunk `n`. */
export function chunkRange(seal: Chunked, n: number): { first: number; last: number } {
  const starts = startsOf(seal);
  return { first: starts[n] ?? 0, last: (starts[n + 1] ?? seal.rows) - 1 };
}
