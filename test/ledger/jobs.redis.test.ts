// The list of jobs: newest first, ties by id, every one once over its pages, and with a filter only those that match.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JobFilter, JobPosition } from '../../src/ledger/port.ts';
import { type IntakeBench, openIntake } from '../support/intake-bench.ts';
import { jobEntries, rowsOf } from '../support/job-entries.ts';

const HOME = 's:s1';
const JOBS = 60;
const START_MS = 1_900_000_000_000;
let bench: IntakeBench;
const jobs: { id: string; createdAtMs: number; sender: string }[] = [];

beforeAll(async () => {
  bench = await openIntake(HOME);
  for (let i = 0; i < JOBS; i += 1) {
    // Seven jobs share each moment: their order is that of their ids.
    const createdAtMs = START_MS + Math.floor(i / 7);
    const sender = i % 3 === 0 ? 's2' : 's1';
    const { seal, chunks, sealed } = jobEntries({ home: HOME, sender, rows: rowsOf(1), createdAtMs });
    await bench.ledger.create(seal);
    // Half of them are still on their way in.
    if (i % 2 === 0) for (const entry of [...chunks, sealed]) await bench.deliver(entry);
    jobs.push({ id: seal.job, createdAtMs, sender });
  }
  jobs.sort((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1));
});
afterAll(() => bench?.close());

async function walk(filter: JobFilter, limit: number): Promise<string[]> {
  const ids: string[] = [];
  let after: JobPosition | undefined;
  for (let pages = 0; pages < 200; pages += 1) {
    const page = await bench.ledger.jobs('acme', 'live', filter, after, limit);
    expect(page.rows.length).toBeLessThanOrEqual(limit);
    ids.push(...page.rows.map(({ id }) => id));
    after = page.next;
    if (!after) return ids;
  }
  throw new Error('the list has no end');
}

const idsOf = (match: (job: (typeof jobs)[number]) => boolean) => jobs.filter(match).map(({ id }) => id);

test('every job once, newest first, ties by id, at any page size', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 80 }), async (limit) => {
      expect(await walk({}, limit)).toEqual(idsOf(() => true));
    }),
    { numRuns: 15 },
  );
});

test.each([1, 4, 100])('filters leave the order as it is, %i to a page', async (limit) => {
  expect(await walk({ sender: 's2' }, limit)).toEqual(idsOf(({ sender }) => sender === 's2'));
  const createdAfterMs = START_MS + 4;
  expect(await walk({ createdAfterMs }, limit)).toEqual(idsOf((job) => job.createdAtMs > createdAfterMs));
  const [accepted, queued] = [
    await walk({ status: 'accepted' }, limit),
    await walk({ status: 'queued' }, limit),
  ];
  expect([accepted.length, queued.length]).toEqual([JOBS / 2, JOBS / 2]);
  expect([...accepted, ...queued].sort()).toEqual(idsOf(() => true).sort());
  expect(await walk({ kind: 'contacts' }, limit)).toEqual([]);
});

test('another workspace and another environment see none of them', async () => {
  expect((await bench.ledger.jobs('other', 'live', {}, undefined, 10)).rows).toEqual([]);
  expect((await bench.ledger.jobs('acme', 'test', {}, undefined, 10)).rows).toEqual([]);
});
