// The log delivers at least once and in no order that intake may rely on. Whatever comes, how often and when: one job, with right counts.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { laneKeys } from '../../src/lanes/keys.ts';
import type { LogEntry } from '../../src/log/port.ts';
import { type IntakeBench, openIntake } from '../support/intake-bench.ts';
import { type JobSetup, jobEntries, jobId, rowsOf } from '../support/job-entries.ts';

const HOME = 's:s1';
const ROWS = 11;
const WHERE = { home: HOME, sender: 's1' };
let bench: IntakeBench;

beforeAll(async () => {
  bench = await openIntake(HOME);
});
afterAll(() => bench?.close());

const make = (over: Partial<JobSetup> = {}) => jobEntries({ ...WHERE, rows: rowsOf(ROWS), ...over });

async function deliverAll(entries: readonly LogEntry[]): Promise<void> {
  for (const entry of entries) await bench.deliver(entry);
}

async function countsOf(job: string) {
  const found = await bench.ledger.job(HOME, job);
  return { status: found?.status, ...found?.counts };
}

/** How often the job stands in the lane's queue, and where its cursor is. */
async function placeOf(job: string) {
  const keys = laneKeys(bench.namespace, WHERE);
  const queue = await bench.redis.client.lrange(keys.queues[2], 0, -1);
  const cursor = await bench.redis.client.hget(keys.cursors, job);
  return {
    times: queue.filter((one) => one === job).length,
    at: cursor?.split(' ', 2).map(Number),
  };
}

test('chunks and seal in any order, some of them again and again: opened once, counted once', async () => {
  const parts = fc.shuffledSubarray([0, 1, 2, 3, 0, 1, 2, 3, 3], { minLength: 9, maxLength: 9 });
  await fc.assert(
    fc.asyncProperty(parts, async (order) => {
      const { seal, chunks, sealed } = make();
      const all = [...chunks, sealed];
      await deliverAll(order.flatMap((i) => all[i] ?? []));
      expect(await countsOf(seal.job)).toMatchObject({
        status: 'queued',
        total: ROWS,
        queued: ROWS,
        failed: 0,
      });
      expect(await placeOf(seal.job)).toEqual({ times: 1, at: [0, ROWS] });
    }),
    { numRuns: 40 },
  );
});

test('nothing opens before the last chunk is in', async () => {
  const { seal, chunks, sealed } = make();
  await deliverAll([sealed, ...chunks.slice(1)]);
  expect(await countsOf(seal.job)).toMatchObject({ status: 'accepted', total: ROWS, queued: ROWS });
  expect(await placeOf(seal.job)).toEqual({ times: 0, at: undefined });
  await deliverAll(chunks.slice(0, 1));
  expect((await placeOf(seal.job)).times).toBe(1);
});

test('a repeat of the seal gives out the ticket that is still outstanding', async () => {
  const { seal, chunks, sealed } = make({ sender: 's7' });
  await deliverAll([...chunks, sealed]);
  const before = bench.tickets.filter(({ sender }) => sender === 's7');
  await bench.deliver(sealed);
  const after = bench.tickets.filter(({ sender }) => sender === 's7');
  expect(after).toEqual([...before, ...before]);
  expect(before).toHaveLength(1);
  expect((await countsOf(seal.job)).queued).toBe(ROWS);
});

test('rows that are no items are not counted', async () => {
  const rows = rowsOf(6);
  rows[1] = 0;
  rows[5] = 0;
  const { seal, chunks, sealed } = make({ rows });
  await deliverAll([...chunks, sealed]);
  expect(await countsOf(seal.job)).toMatchObject({ total: 4, queued: 4 });
  const items = await bench.ledger.items(HOME, seal.job, undefined, 0, 10);
  expect(items.rows.map(({ index }) => index)).toEqual([0, 2, 3, 4]);
});

test('the chunks of another body under the same id are never mixed in', async () => {
  const job = jobId();
  const first = make({ job, rows: rowsOf(ROWS, 7_000_000) });
  const second = make({ job });
  await deliverAll([...first.chunks, ...second.chunks.slice(0, 2), second.sealed]);
  expect(await placeOf(job)).toEqual({ times: 0, at: undefined });
  await deliverAll([...second.chunks, first.sealed]);
  expect(await countsOf(job)).toMatchObject({ status: 'queued', total: ROWS, queued: ROWS });
  const items = await bench.ledger.items(HOME, job, undefined, 0, 50);
  expect(items.rows.map(({ to }) => to)).toEqual(rowsOf(ROWS).map((row) => (row === 0 ? '' : row[0])));
});

test('a record whose time has passed is left alone', async () => {
  const { seal, chunks, sealed } = make({ diesAtMs: Date.now() - 1 });
  await deliverAll([...chunks, sealed]);
  expect(await bench.ledger.job(HOME, seal.job)).toBeUndefined();
});

test('a job for later waits until then, and is no less a job', async () => {
  const sendAtMs = Date.now() + 60_000;
  const { seal, chunks, sealed } = make({ sendAtMs });
  await deliverAll([...chunks, sealed, sealed]);
  expect(await countsOf(seal.job)).toMatchObject({ status: 'scheduled', queued: ROWS });
  const { scheduled } = laneKeys(bench.namespace, WHERE);
  expect(await bench.redis.client.zscore(scheduled, `bulk ${seal.job}`)).toBe(String(sendAtMs * 1_000));
});
