// Log entries ↔ what intake does with them. Pure: tells what can be read, and what an unreadable entry stood for.

import { refused } from '../../src/base/failure.ts';
import { unpackRows } from '../../src/base/rows.ts';
import { sha256Hex } from '../../src/base/secret.ts';
import { STATUS_BYTE } from '../../src/contract/job.ts';
import { type ChunkRecord, type JobRecord, jobRecordSchema, type Row } from '../../src/contract/record.ts';
import type { DeliveredEntry } from '../../src/log/port.ts';

/** Throws `never` when the entry can never be read: unparsable, of an unknown version, or against its schema. */
export function readRecord(entry: Pick<DeliveredEntry, 'value'>): JobRecord {
  let value: unknown;
  try {
    value = JSON.parse(entry.value);
  } catch {
    throw refused('unprocessable', 'the record is not JSON');
  }
  const parsed = jobRecordSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw refused(
    'unprocessable',
    `the record breaks its schema at ${issue?.path.join('.') || 'its root'}: ${issue?.message}`,
  );
}

export interface ReadChunk {
  blob: Buffer;
  /** A status byte per row. */
  bytes: string;
  queued: number;
  /** Its rows that are no items, compressed; empty when all are. */
  leftOut: Buffer;
}

/** Unpacks a chunk and checks it against its digest. Throws `never` when it does not fit. */
export function readChunk(record: ChunkRecord): ReadChunk {
  const blob = Buffer.from(record.rows, 'base64');
  let raw: Buffer;
  try {
    raw = unpackRows(blob);
  } catch {
    throw refused('unprocessable', 'the rows of the chunk cannot be unpacked');
  }
  if (sha256Hex(raw) !== record.sha256)
    throw refused('unprocessable', 'the rows of the chunk do not match their digest');
  const rows = JSON.parse(raw.toString('utf8')) as Row[];
  if (rows.length !== record.count)
    throw refused('unprocessable', 'the chunk holds another number of rows than it says');
  const bytes = rows.map((row) => (row === 0 ? STATUS_BYTE.absent : STATUS_BYTE.queued)).join('');
  return {
    blob,
    bytes,
    queued: rows.filter((row) => row !== 0).length,
    leftOut: Buffer.from(record.left_out ?? '', 'base64'),
  };
}

/** What the headers of an unreadable entry say about it. */
export interface LostChunk {
  job: string;
  home: string;
  fingerprint: string;
  n: number;
  from: number;
  count: number;
  diesAtMs: number;
  stream: boolean;
}

/** Undefined when the headers do not name a chunk: then nothing is known to end. */
export function lostChunkOf({ headers }: Pick<DeliveredEntry, 'headers'>): LostChunk | undefined {
  const { type, job, home, fingerprint } = headers;
  if (type !== 'chunk' || !job || !home || !fingerprint) return undefined;
  const [n, from, count, diesAtMs] = [headers.n, headers.from, headers.count, headers.dies_at].map(Number);
  if (n === undefined || from === undefined || !count || !diesAtMs) return undefined;
  return { job, home, fingerprint, n, from, count, diesAtMs, stream: headers.stream === '1' };
}
