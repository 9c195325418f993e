// The log's records of one job, as accept writes them: chunks, then the seal. Cut as small as a test likes.
import { randomBytes } from 'node:crypto';
import { packRows } from '../../src/base/rows.ts';
import { sha256Hex } from '../../src/base/secret.ts';
import type { ChunkRecord, Row, SealRecord } from '../../src/contract/record.ts';
import type { LogEntry } from '../../src/log/port.ts';

export interface JobSetup {
  home: string;
  sender: string;
  rows: Row[];
  chunkRows?: number;
  job?: string;
  fingerprint?: string;
  createdAtMs?: number;
  diesAtMs?: number;
  sendAtMs?: number;
  priority?: SealRecord['priority'];
  quietHours?: SealRecord['quiet_hours'];
  onUnknown?: SealRecord['on_unknown'];
}

export interface JobEntries {
  seal: SealRecord;
  chunks: LogEntry[];
  sealed: LogEntry;
}

const HOUR_MS = 3_600_000;

export const rowsOf = (count: number, first = 2_000_000): Row[] =>
  Array.from({ length: count }, (_, i) => [`+1650${first + i}`, [`Canary ${i}`], `row-${i}`]);

export const jobId = (): string => `job_${randomBytes(15).toString('hex')}`;

export function jobEntries(setup: JobSetup): JobEntries {
  const { home, sender, rows, chunkRows = 4, priority = 'bulk' } = setup;
  const createdAtMs = setup.createdAtMs ?? Date.now();
  const base = {
    v: 1 as const,
    job: setup.job ?? jobId(),
    home,
    fingerprint: setup.fingerprint ?? randomBytes(32).toString('hex'),
    dies_at: setup.diesAtMs ?? createdAtMs + HOUR_MS,
  };
  const chunks: ChunkRecord[] = [];
  for (let from = 0; from < rows.length; from += chunkRows) {
    const raw = Buffer.from(JSON.stringify(rows.slice(from, from + chunkRows)));
    const count = Math.min(chunkRows, rows.length - from);
    const packed = packRows(raw).toString('base64');
    chunks.push({
      ...base,
      type: 'chunk',
      n: chunks.length,
      from,
      count,
      sha256: sha256Hex(raw),
      rows: packed,
    });
  }
  const seal: SealRecord = {
    ...base,
    type: 'seal',
    workspace: 'acme',
    environment: 'live',
    kind: 'messages',
    sender,
    created_at: createdAtMs,
    rows: rows.length,
    total: rows.filter((row) => row !== 0).length,
    rejected_count: rows.filter((row) => row === 0).length,
    duplicate_count: 0,
    starts: chunks.map(({ from }) => from),
    digests: chunks.map(({ sha256 }) => sha256),
    content: { text: { body: 'Hi' } },
    category: 'marketing',
    priority,
    ...(setup.quietHours === undefined ? {} : { quiet_hours: setup.quietHours }),
    ...(setup.sendAtMs === undefined ? {} : { send_at: setup.sendAtMs }),
    on_unknown: setup.onUnknown ?? 'hold',
    metadata: {},
  };
  return { seal, chunks: chunks.map(entryOf), sealed: entryOf(seal) };
}

function entryOf(record: ChunkRecord | SealRecord): LogEntry {
  const { v, type, job, home, fingerprint, dies_at } = record;
  const headers = { v: String(v), type, job, home, fingerprint, dies_at: String(dies_at) };
  const chunk =
    record.type === 'chunk'
      ? { n: String(record.n), from: String(record.from), count: String(record.count) }
      : {};
  return { key: job, headers: { ...headers, ...chunk }, value: JSON.stringify(record) };
}
