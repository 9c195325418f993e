// A job of a million rows as one CSV: rows a second from the first byte to the 202, what the API process grows by meanwhile, and its whole list
// read back. Every thousandth row is bad. Beside it the same rows as bulk requests, one after the other.
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { startDownstream } from '../downstream.ts';
import { CONTENT, messagesOf } from '../payloads.ts';
import { authorization, type Sluice, startSluice } from '../sluice.ts';

const ROWS = 1_000_000;
/** Then V8's young generation has its size: it is the process's, not an upload's, and grows with all that was ever done. */
const WARM_ROWS = 500_000;
const PEER_ROWS = 100_000;
const PER_POST = 10_000;
const BAD_EVERY = 1_000;
const LOOK_MS = 50;
const PATIENCE_MS = 300_000;
const MIN_ROWS_PER_SECOND = 50_000;
const MAX_GROWTH_MB = 100;

export const uploads: Bench = {
  name: 'uploads',
  run: async ({ redisUrl, redis, options, say }) => {
    const { perSender: rows = ROWS } = options;
    const downstream = await startDownstream();
    const sluice = await startSluice({
      redisUrl,
      brokers: undefined,
      senders: 1,
      platformUrl: downstream.url,
      workers: ['intake', 'upkeep'],
    });
    const faults: string[] = [];
    try {
      const coldMb = residentMb(sluice.apiPid);
      await upload(sluice, csvOf(WARM_ROWS));
      await postAll(sluice, PEER_ROWS);
      const body = csvOf(rows);
      const before = residentMb(sluice.apiPid);
      const growth = watchGrowth(sluice.apiPid);
      const started = performance.now();
      const { id, total, rejected } = await upload(sluice, body);
      const seconds = (performance.now() - started) / 1_000;
      const grownMb = (await growth.stop()) - before;
      const bad = Math.ceil(rows / BAD_EVERY);
      if (total !== rows - bad || rejected !== bad)
        faults.push(`${total} items and ${rejected} bad rows of ${rows}`);
      await sluice.reach([id], ['queued'], PATIENCE_MS);
      const opened = (performance.now() - started) / 1_000;
      const exported = await readBack(sluice, id);
      if (exported.lines !== total + 1) faults.push(`${exported.lines} lines read back of ${total + 1}`);
      const perSecond = rows / seconds;
      const peer = PEER_ROWS / (await postAll(sluice, PEER_ROWS));
      say(
        `uploads: ${Math.round(perSecond)} rows/s, grown by ${grownMb.toFixed(0)} MB from ${before.toFixed(0)} (${coldMb.toFixed(0)} when started), queued after ${opened.toFixed(1)} s, bulk ${Math.round(peer)} rows/s`,
      );
      return {
        benchmark: 'uploads',
        setting: `one CSV of ${rows} rows (${megabytes(body)} MB) over loopback to the API process, log in Redis, intake beside it; resident memory of the API process, looked at every ${LOOK_MS} ms, after a warm-up of ${WARM_ROWS} rows`,
        lines: [
          {
            what: 'upload of a CSV, first byte to 202',
            unit: 'rows/s',
            ours: perSecond,
            peer: { name: `bulk requests of ${PER_POST}`, value: peer },
            ratio: perSecond / peer,
          },
          { what: 'the same', unit: 'rows/s', ours: perSecond, target: { atLeast: MIN_ROWS_PER_SECOND } },
          {
            what: 'growth of the API process meanwhile',
            unit: 'MB',
            ours: grownMb,
            target: { atMost: MAX_GROWTH_MB },
          },
          {
            what: 'its list read back as CSV',
            unit: 'rows/s',
            ours: exported.lines / exported.seconds,
          },
        ],
        details: {
          rows,
          seconds,
          queuedAfterSeconds: opened,
          coldMb,
          beforeMb: before,
          mostMb: before + grownMb,
          exported,
        },
        faults,
      };
    } finally {
      await sluice.stop();
      await redis.clear(sluice.namespace);
      await downstream.stop();
    }
  },
};

function csvOf(rows: number): Buffer[] {
  const parts = [Buffer.from('to,name,order,link\n')];
  for (let from = 0; from < rows; from += PER_POST) {
    const lines = messagesOf(1, from, Math.min(PER_POST, rows - from)).map(
      ({ to, variables }, i) => `${(from + i) % BAD_EVERY === 0 ? 'nobody' : to},${variables.join(',')}\n`,
    );
    parts.push(Buffer.from(lines.join('')));
  }
  return parts;
}

const megabytes = (parts: readonly Buffer[]): number =>
  Math.round(parts.reduce((sum, { length }) => sum + length, 0) / 1_000_000);

async function upload(sluice: Sluice, parts: readonly Buffer[]) {
  const { name, language } = CONTENT.template ?? { name: '', language: '' };
  const query = new URLSearchParams({ sender: 's0', 'template.name': name, 'template.language': language });
  const answer = await fetch(`${sluice.apiUrl}/v1/jobs?${query}`, {
    method: 'POST',
    headers: { ...authorization, 'content-type': 'text/csv' },
    body: ReadableStream.from(parts),
    duplex: 'half',
  } as RequestInit);
  if (answer.status !== 202) throw new Error(`POST: ${answer.status} ${await answer.text()}`);
  const { job } = (await answer.json()) as {
    job: { id: string; counts: { total: number }; rejected_count: number };
  };
  return { id: job.id, total: job.counts.total, rejected: job.rejected_count };
}

/** Seconds for so many rows as bulk requests. */
async function postAll(sluice: Sluice, rows: number): Promise<number> {
  const started = performance.now();
  for (let from = 0; from < rows; from += PER_POST) await sluice.post(0, messagesOf(2, from, PER_POST));
  return (performance.now() - started) / 1_000;
}

/** The most that the process has resident, until stopped. */
function watchGrowth(pid: number): { stop(): Promise<number> } {
  let most = 0;
  let over = false;
  const watching = (async () => {
    while (!over) {
      most = Math.max(most, residentMb(pid));
      await wait(LOOK_MS);
    }
  })();
  return {
    stop: async () => {
      over = true;
      await watching;
      return most;
    },
  };
}

/** NaN where the system does not tell. */
function residentMb(pid: number): number {
  try {
    const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kilobytes) / 1_024;
  } catch {
    return Number.NaN;
  }
}

async function readBack(sluice: Sluice, id: string): Promise<{ lines: number; seconds: number }> {
  const started = performance.now();
  const answer = await fetch(`${sluice.apiUrl}/v1/jobs/${id}/items`, {
    headers: { ...authorization, accept: 'text/csv' },
  });
  let lines = 0;
  for await (const part of answer.body ?? []) for (const byte of part) if (byte === 10) lines += 1;
  return { lines, seconds: (performance.now() - started) / 1_000 };
}
