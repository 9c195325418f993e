// The body of an upload → rows, chunks and counts, a slice at a time, so that whoever else waits gets a turn.
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { refused } from '../base/failure.ts';
import { MAX_DETAILS } from '../contract/problem.ts';
import type { BulkRequestBody } from '../contract/request.ts';
import { columnNamesOf, type StreamQuery } from '../contract/stream.ts';
import type { LeftOut } from '../ledger/port.ts';
import { cutRows } from './chunks.ts';
import { contentOf } from './envelope.ts';
import type { ContentCheck } from './rows.ts';
import type { StreamAppend } from './stream-append.ts';
import { type Block, createStreamRows, type StreamFormat } from './stream-rows.ts';

/** The zones of all recipients are looked up when the job opens, at 10 µs each. */
const ZONED_MAX_ROWS = 1_000_000;

export interface Upload {
  query: StreamQuery;
  format: StreamFormat;
  /** Decoded. Throws a `Failure` when it breaks off. */
  body: AsyncIterable<Uint8Array>;
}

export interface UploadRead {
  rows: number;
  total: number;
  rejectedCount: number;
  duplicateCount: number;
  /** The first hundred of each. */
  rejected: LeftOut[];
  duplicates: LeftOut[];
  /** SHA-256 of all bytes. */
  body: string;
}

export async function readUpload(
  { body, format, query }: Upload,
  envelope: BulkRequestBody,
  check: ContentCheck,
  append: StreamAppend,
): Promise<UploadRead> {
  const content = contentOf(envelope);
  const rows = createStreamRows({ format, columns: columnNamesOf(query), content, check });
  const read: UploadRead = {
    rows: 0,
    total: 0,
    rejectedCount: 0,
    duplicateCount: 0,
    rejected: [],
    duplicates: [],
    body: '',
  };
  const take = async (text: string, last: boolean): Promise<void> => {
    for (const block of rows.take(text, last)) {
      count(read, block);
      // Of a strict request with a bad line nothing more need be stored; the rest is only read for its faults.
      if (envelope.validation === 'permissive' || read.rejectedCount === 0) await store(append, block);
    }
    if (read.rows > ZONED_MAX_ROWS && envelope.quiet_hours?.time_zone === 'recipient') throw tooManyZones();
  };
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const whole = createHash('sha256');
  for await (const slice of body) {
    whole.update(slice);
    await take(decoded(decoder, slice), false);
    await append.pulse();
    await nextTurn();
  }
  await take(decoded(decoder, undefined), true);
  return { ...read, body: whole.digest('hex') };
}

function decoded(decoder: InstanceType<typeof TextDecoder>, slice: Uint8Array | undefined): string {
  try {
    return slice === undefined ? decoder.decode() : decoder.decode(slice, { stream: true });
  } catch {
    throw refused('invalid_request', 'The body is not UTF-8');
  }
}

const tooManyZones = () =>
  refused(
    'payload_too_large',
    `With quiet hours where the recipients are, a job has at most ${ZONED_MAX_ROWS} rows.`,
  );

function count(read: UploadRead, { rows, leftOut }: Block): void {
  read.rows += rows.length;
  read.total += rows.length - leftOut.length;
  for (const one of leftOut) {
    const [list, name] =
      one.of === null
        ? ([read.rejected, 'rejectedCount'] as const)
        : ([read.duplicates, 'duplicateCount'] as const);
    read[name] += 1;
    if (list.length < MAX_DETAILS) list.push(one);
  }
}

async function store(append: StreamAppend, block: Block): Promise<void> {
  for (const cut of cutRows(block.rows)) {
    const from = block.from + cut.from;
    const own = block.leftOut.filter(({ index }) => index >= from && index < from + cut.count);
    await append.add({ ...cut, from }, cut.count - own.length, own);
  }
}

export function refuseBadLines(
  { validation }: BulkRequestBody,
  { rejected, rejectedCount, total }: UploadRead,
): void {
  if (rejectedCount === 0 ? total > 0 : validation === 'permissive' && total > 0) return;
  const details = rejected.map(({ line, code, message }) => ({ path: `lines[${line}]`, code, message }));
  if (total + rejectedCount === 0) throw refused('unprocessable', 'There is no message in the body');
  if (validation === 'strict')
    throw refused('invalid_request', `${rejectedCount} of the lines cannot be sent`, details);
  throw refused('unprocessable', 'None of the lines can be sent', details);
}
