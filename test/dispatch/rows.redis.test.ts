// Rows that a window has shown stay at hand until their calls are made, however many chunks other lanes have loaded meanwhile: when the cache
// alone kept them, messages failed as if their content were gone.
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createJobs } from '../../workers/dispatch/jobs.ts';
import { openWindow } from '../../workers/dispatch/window.ts';
import { type IntakeBench, openIntake } from '../support/intake-bench.ts';
import { jobEntries, rowsOf } from '../support/job-entries.ts';

const LANE = { home: 's:s1', sender: 's1' };
/** More than any cache of chunks holds. */
const OTHERS = 450;
const nothing = () => Promise.resolve();
const opened: IntakeBench[] = [];
afterEach(() => Promise.all(opened.splice(0).map((one) => one.close())));

async function filled(bench: IntakeBench, rows: number): Promise<string> {
  const { seal, chunks, sealed } = jobEntries({ ...LANE, rows: rowsOf(rows), chunkRows: 4 });
  for (const entry of [...chunks, sealed]) await bench.deliver(entry);
  return seal.job;
}

test('what a window has shown is there when its call is made', async () => {
  const bench = await openIntake(LANE.home);
  opened.push(bench);
  const jobs = createJobs(bench.redis, bench.namespace, systemClock);
  const show = async (job: string, from: number, count: number) => {
    const run = { job, cursor: job, from, count, queue: 3, due: 1_000_000 };
    const peeked = {
      version: '1',
      nowUs: 0,
      nextDueUs: 0,
      ended: [],
      closed: [],
      overdue: [],
      later: [],
      runs: [run],
    };
    const window = await openWindow(jobs, LANE.home, peeked, 0, { expire: nothing, drop: nothing });
    return window.candidates[0]?.view;
  };
  const view = await show(await filled(bench, 12), 2, 8);
  for (let i = 0; i < OTHERS; i++) await show(await filled(bench, 1), 0, 1);
  if (!view) throw new Error('the window is empty');
  const shown = Array.from({ length: 12 }, (_, index) => jobs.row(view, index)?.[2]);
  // Rows 2 … 9 were asked for, across three chunks.
  expect(shown.slice(2, 10)).toEqual(Array.from({ length: 8 }, (_, i) => `row-${i + 2}`));
});
