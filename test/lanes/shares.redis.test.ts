// Jobs of one lane take turns of a few rows each, so that a job which comes second does not wait for a window of the first; one alone has it all.
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createLanes, type Run } from '../../src/lanes/lanes.ts';
import { type IntakeBench, openIntake } from '../support/intake-bench.ts';
import { jobEntries, rowsOf } from '../support/job-entries.ts';

const LANE = { home: 's:s1', sender: 's1' };
const WINDOW_ROWS = 256;
const SHARE_ROWS = 16;
const opened: IntakeBench[] = [];
afterEach(() => Promise.all(opened.splice(0).map((one) => one.close())));

/** What a window shows of jobs with so many rows, opened in this order. */
async function shown(
  ...sizes: [rows: number, priority: 'bulk' | 'high'][]
): Promise<{ ids: string[]; runs: Run[] }> {
  const bench = await openIntake(LANE.home);
  opened.push(bench);
  const ids: string[] = [];
  for (const [rows, priority] of sizes) {
    const { seal, chunks, sealed } = jobEntries({ ...LANE, rows: rowsOf(rows), chunkRows: 500, priority });
    for (const entry of [...chunks, sealed]) await bench.deliver(entry);
    ids.push(seal.job);
  }
  const lanes = createLanes({ redis: bench.redis, namespace: bench.namespace });
  const turn = await lanes.open(LANE, bench.tickets.at(-1)?.n ?? '', systemClock.randomHex(8));
  const seen = await lanes.peek(LANE, turn.state === 'open' ? turn.fence : '', WINDOW_ROWS);
  return { ids, runs: seen?.runs ?? [] };
}

test('one job alone has the whole window', async () => {
  const { ids, runs } = await shown([600, 'bulk']);
  expect(runs).toEqual([{ job: ids[0], cursor: ids[0], from: 0, count: WINDOW_ROWS, queue: 3, due: 600 }]);
});

test('two jobs: a share of each, in the order they came', async () => {
  const { ids, runs } = await shown([600, 'bulk'], [600, 'bulk']);
  expect(runs.map(({ job, count }) => [job, count])).toEqual(ids.map((id) => [id, SHARE_ROWS]));
});

test('high priority stands before all others, whenever it came', async () => {
  const { ids, runs } = await shown([600, 'bulk'], [600, 'bulk'], [40, 'high']);
  expect(runs.map(({ job, queue }) => [job, queue])).toEqual([
    [ids[2], 1],
    [ids[0], 3],
    [ids[1], 3],
  ]);
});
