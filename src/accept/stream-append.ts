// The chunks of an upload → the log, in batches, one of them under way while the next is made: whoever sends faster than the log takes waits.
import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { Failure, refused } from '../base/failure.ts';
import { packRows } from '../base/rows.ts';
import type { ChunkRecord } from '../contract/record.ts';
import { packLeftOut } from '../ledger/left-out.ts';
import type { LeftOut } from '../ledger/port.ts';
import type { Uploads } from '../ledger/uploads.ts';
import type { Log, LogEntry } from '../log/port.ts';
import { perhapsStored } from './append.ts';
import type { Cut } from './chunks.ts';
import { entryOf } from './job-records.ts';

/** A batch of records: as in append.ts, below what a broker refuses. */
const BATCH_MAX_BYTES = 512 * 1024;
const BATCH_MAX_CHUNKS = 40;
/** What names 40,000 chunks of any length still fits into one record. */
const STREAM_MAX_CHUNKS = 40_000;
const DIGEST_BYTES = 32;
const PULSE_US = 5_000_000;

type Base = Pick<ChunkRecord, 'v' | 'job' | 'home' | 'fingerprint' | 'dies_at'>;

export interface AppendOptions {
  log: Pick<Log, 'append'>;
  uploads: Pick<Uploads, 'note'>;
  clock: Pick<Clock, 'now' | 'monotonicUs'>;
  base: Base;
  /** What an earlier try with this key has left. */
  begun: { chunks: number; digests: Buffer };
  /** Called before each batch: throws when the claim is no longer ours. */
  before(): Promise<void>;
  /** Lets so many more items in, or throws `backlog_full`. */
  admit(items: number): Promise<void>;
}

export interface StreamAppend {
  /** Throws `idempotency_mismatch` when an earlier try with this key had another chunk here. */
  add(cut: Cut, items: number, leftOut: readonly LeftOut[]): Promise<void>;
  /** Sends what there is, when nothing was sent for a while: a slow upload is seen to come in, and keeps its claim. */
  pulse(): Promise<void>;
  /** Resolves when the log has every chunk. */
  end(): Promise<void>;
  /** Rows of each chunk so far, and one digest over all of theirs. */
  result(): { counts: number[]; digest: string };
}

export function createStreamAppend(options: AppendOptions): StreamAppend {
  const { base, begun, clock } = options;
  const counts: number[] = [];
  const whole = createHash('sha256');
  let batch = emptyBatch(0);
  let items = 0;
  let flushedUs = clock.monotonicUs();
  /** What the log has for certain, and the batch that is on its way there. */
  let stored: Stored = { chunks: 0, items: 0 };
  let underWay: Promise<Failure | undefined> | undefined;

  const settle = async (): Promise<void> => {
    const failure = await underWay;
    underWay = undefined;
    if (failure) throw failure;
  };
  const flush = async (): Promise<void> => {
    await settle();
    flushedUs = clock.monotonicUs();
    if (batch.entries.length === 0) return;
    const { entries, first, digests } = batch;
    const after = { chunks: counts.length, items };
    batch = emptyBatch(counts.length);
    await options.before();
    await note(options, stored, first, Buffer.concat(digests));
    underWay = send(options, entries, after).then(
      () => {
        stored = after;
        return undefined;
      },
      (error: unknown) => (error instanceof Failure ? error : perhapsStored(error)),
    );
  };

  return {
    add: async (cut, itemsOfCut, leftOut) => {
      const n = counts.length;
      if (n >= STREAM_MAX_CHUNKS) throw tooLarge();
      await options.admit(itemsOfCut);
      const digest = createHash('sha256').update(cut.raw).digest();
      whole.update(digest);
      counts.push(cut.count);
      items += itemsOfCut;
      const before = begun.digests.subarray(n * DIGEST_BYTES, (n + 1) * DIGEST_BYTES);
      if (before.length > 0 && !before.equals(digest)) throw otherBody();
      if (n < begun.chunks) {
        batch = emptyBatch(n + 1);
        stored = { chunks: n + 1, items };
        return;
      }
      const entry = entryOf(recordOf(base, n, cut, digest, leftOut));
      batch.entries.push(entry);
      batch.digests.push(digest);
      batch.bytes += entry.value.length;
      if (batch.bytes >= BATCH_MAX_BYTES || batch.entries.length >= BATCH_MAX_CHUNKS) await flush();
    },
    pulse: async () => {
      if (clock.monotonicUs() - flushedUs < PULSE_US) return;
      if (batch.entries.length > 0) return flush();
      flushedUs = clock.monotonicUs();
      await options.before();
      await note(options, stored, stored.chunks, Buffer.alloc(0));
    },
    end: async () => {
      await flush();
      await settle();
      await note(options, stored, stored.chunks, Buffer.alloc(0));
    },
    result: () => ({ counts, digest: whole.copy().digest('hex') }),
  };
}

/** How far it is is noted at once: whoever looks at the job sees it come in. */
async function send(options: AppendOptions, entries: readonly LogEntry[], after: Stored): Promise<void> {
  try {
    await options.log.append('jobs', entries);
  } catch (error) {
    throw perhapsStored(error);
  }
  await note(options, after, after.chunks, Buffer.alloc(0));
}

interface Stored {
  chunks: number;
  items: number;
}

interface Batch {
  first: number;
  entries: LogEntry[];
  digests: Buffer[];
  bytes: number;
}

const emptyBatch = (first: number): Batch => ({ first, entries: [], digests: [], bytes: 0 });

async function note(
  { uploads, base, clock }: AppendOptions,
  { chunks, items }: Stored,
  first: number,
  next: Buffer,
): Promise<void> {
  const state = await uploads.note(base, { chunks, total: items, first, next }, clock.now());
  if (state === 'going') return;
  if (state === 'mismatch') throw otherBody();
  throw refused('conflict', state === '' ? 'The job is no longer there.' : `The job is ${state}.`);
}

function recordOf(
  base: Base,
  n: number,
  { from, count, raw }: Cut,
  digest: Buffer,
  leftOut: readonly LeftOut[],
): ChunkRecord {
  return {
    ...base,
    type: 'chunk',
    n,
    from,
    count,
    sha256: digest.toString('hex'),
    rows: packRows(raw).toString('base64'),
    ...(leftOut.length > 0 && { left_out: packLeftOut(leftOut).toString('base64') }),
    stream: 1,
  };
}

export const otherBody = (): Failure =>
  refused('idempotency_mismatch', 'This idempotency key was used with another body');

const tooLarge = (): Failure =>
  refused(
    'payload_too_large',
    'The messages of this job are too long for one job: post the rest as another.',
  );
