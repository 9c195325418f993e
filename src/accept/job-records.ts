// A checked request → the records of the `jobs` topic: its chunks, then the seal that names them. The same claim and rows give the same bytes.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Principal } from '../accounts/port.ts';
import { packRows } from '../base/rows.ts';
import { sha256Hex } from '../base/secret.ts';
import type { JobKind } from '../contract/job.ts';
import type { ChunkRecord, JobRecord, SealRecord } from '../contract/record.ts';
import { type BulkRequestBody, JOB_LIFE_MS } from '../contract/request.ts';
import { packLeftOut } from '../ledger/left-out.ts';
import type { LogEntry } from '../log/port.ts';
import { cutRows } from './chunks.ts';
import type { Held } from './claim.ts';
import { contentOf, expiryOf } from './envelope.ts';
import { claimNameOf } from './keys.ts';
import type { CheckedRows } from './rows.ts';

const BREATHE_CHUNKS = 5;

export interface JobRecords {
  entries: LogEntry[];
  seal: SealRecord;
}

/** `request`: the fingerprint of the body, where that of the job says more. A few chunks at a time (about 0.5 ms each), with room for others between. */
export async function recordsOf(
  principal: Principal,
  held: Held,
  body: BulkRequestBody,
  checked: CheckedRows,
  kind: JobKind = 'messages',
  request = held.fingerprint,
): Promise<JobRecords> {
  const fingerprint = held.fingerprint.toString('hex');
  const base = {
    v: 1 as const,
    job: held.job,
    home: held.home,
    fingerprint,
    dies_at: held.createdMs + JOB_LIFE_MS,
  };
  const entries: LogEntry[] = [];
  const starts: number[] = [];
  const digests: string[] = [];
  for (const { from, count, raw } of cutRows(checked.rows)) {
    const sha256 = sha256Hex(raw);
    const rows = packRows(raw).toString('base64');
    const own = leftOutOf(checked, from, from + count);
    entries.push(entryOf({ ...base, type: 'chunk', n: starts.length, from, count, sha256, rows, ...own }));
    starts.push(from);
    digests.push(sha256);
    if (starts.length % BREATHE_CHUNKS === 0) await nextTurn();
  }
  const seal: SealRecord = {
    ...base,
    type: 'seal',
    starts,
    digests,
    ...sealed(principal, held, body, { ...checked, rows: checked.rows.length }),
    kind,
    ...(request.equals(held.fingerprint) ? {} : { request: request.toString('hex') }),
  };
  return { entries: [...entries, entryOf(seal)], seal };
}

function leftOutOf({ leftOut }: CheckedRows, from: number, end: number): Pick<ChunkRecord, 'left_out'> {
  if (leftOut.length === 0) return {};
  const own = leftOut.filter(({ index }) => index >= from && index < end);
  return own.length === 0 ? {} : { left_out: packLeftOut(own).toString('base64') };
}

/** How many rows there are, and what became of them. */
type Counted = Pick<CheckedRows, 'total' | 'rejectedCount' | 'duplicateCount'> & { rows: number };

/** What all rows share. */
export function sealed(principal: Principal, held: Held, body: BulkRequestBody, checked: Counted) {
  const expiresAt = expiryOf(body, held.createdMs);
  return {
    workspace: principal.workspace,
    environment: principal.environment,
    kind: 'messages' as const,
    sender: body.sender,
    created_at: held.createdMs,
    rows: checked.rows,
    total: checked.total,
    rejected_count: checked.rejectedCount,
    duplicate_count: checked.duplicateCount,
    content: contentOf(body),
    category: body.category,
    priority: body.priority,
    ...(body.send_at === undefined ? {} : { send_at: body.send_at }),
    ...(body.spread === undefined ? {} : { spread_ms: body.spread }),
    ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
    ...(body.expires_after === undefined ? {} : { expires_after_ms: body.expires_after }),
    ...(body.quiet_hours === undefined ? {} : { quiet_hours: body.quiet_hours }),
    ...(body.unique_within === undefined ? {} : { unique_within_ms: body.unique_within }),
    on_unknown: body.on_unknown,
    metadata: body.metadata,
    ...(held.keyless ? {} : { claim: claimNameOf(held.keys.claim) }),
  };
}

/** One key for the whole job keeps its records in one partition, in order. The headers name what an unreadable value stood for. */
export function entryOf(record: JobRecord): LogEntry {
  const headers: Record<string, string> = {
    v: String(record.v),
    type: record.type,
    job: record.job,
    home: record.home,
    fingerprint: record.fingerprint,
    dies_at: String(record.dies_at),
  };
  if (record.type === 'chunk')
    Object.assign(headers, {
      n: String(record.n),
      from: String(record.from),
      count: String(record.count),
      ...(record.stream && { stream: '1' }),
    });
  return { key: record.job, headers, value: JSON.stringify(record) };
}
