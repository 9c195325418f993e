// Nobody starves: a job of a lower priority has a share of every 512 rows whatever goes before it, and of jobs with one priority each has a
// share in every round. Driven by the scripts as a turn drives them, under a limit that never binds.
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { systemClock as clock } from '../../src/base/clock.ts';
import type { Limit } from '../../src/contract/limit.ts';
import type { SealRecord } from '../../src/contract/record.ts';
import { createLanes } from '../../src/lanes/lanes.ts';
import { createSeats } from '../../src/memory/seats.ts';
import { createServerClock } from '../../src/pacing/server-clock.ts';
import { type Candidate, take } from '../../workers/dispatch/take.ts';
import { type IntakeBench, openIntake } from '../support/intake-bench.ts';
import { jobEntries, rowsOf } from '../support/job-entries.ts';

const LANE = { home: 's:s1', sender: 's1' };
const WINDOW_ROWS = 256;
const TAKE_ROWS = 64;
const SHARE_ROWS = 16;
const PATIENCE_ROWS = 496;
const LIMITS: Limit[] = [
  { kind: 'rolling', name: 'rate', scope: 's1', count: 1_000_000, perMs: 1_000, pace: 'burst' },
];
const opened: IntakeBench[] = [];
afterEach(() => Promise.all(opened.splice(0).map((one) => one.close())));

type Setup = [rows: number, priority: SealRecord['priority']];

/** The number of the job that each row belongs to, in the order in which rows are started. */
async function order(setups: readonly Setup[]): Promise<number[]> {
  const bench = await openIntake(LANE.home);
  opened.push(bench);
  const { redis, namespace } = bench;
  const seals: SealRecord[] = [];
  for (const [rows, priority] of setups) {
    const { seal, chunks, sealed } = jobEntries({ ...LANE, rows: rowsOf(rows), chunkRows: 500, priority });
    for (const entry of [...chunks, sealed]) await bench.deliver(entry);
    seals.push(seal);
  }
  const views = new Map(seals.map((seal) => [seal.job, { home: LANE.home, seal, spans: [] }]));
  const lanes = createLanes({ redis, namespace });
  await createSeats(redis, namespace).sit(LANE.home, 0, 60_000);
  const turn = await lanes.open(LANE, bench.tickets.at(-1)?.n ?? '', clock.randomHex(8));
  const fence = turn.state === 'open' ? turn.fence : '';
  const serverClock = createServerClock();
  const parts = { callDeadlineMs: 31_000, jobs: { row: () => undefined }, personOf: () => '' };
  const started: number[] = [];
  for (let seq = 1; ; seq += 1) {
    const seen = await lanes.peek(LANE, fence, WINDOW_ROWS);
    const candidates = (seen?.runs ?? []).flatMap(({ job, ...run }): Candidate[] => {
      const view = views.get(job);
      return view ? [{ view, ...run }] : [];
    });
    if (candidates.length === 0) return started;
    const options = { redis, namespace, clock, serverClock, ...parts };
    const taken = await take(options, LANE, { fence, seq }, LIMITS, candidates, TAKE_ROWS);
    for (const { view } of typeof taken === 'object' ? taken.grants : [])
      started.push(seals.indexOf(view.seal));
  }
}

/** The longest stretch that a job waited while it had rows left. */
function longestWait(started: readonly number[], job: number): number {
  const own = started.flatMap((one, i) => (one === job ? [i] : []));
  return Math.max(...own.map((at, i) => at - (own[i - 1] ?? -1)));
}

test('lower priorities have a share of what goes', async () => {
  const started = await order([
    [4_000, 'high'],
    [120, 'normal'],
    [60, 'bulk'],
  ]);
  expect(started).toHaveLength(4_180);
  for (const job of [1, 2])
    expect(longestWait(started, job)).toBeLessThanOrEqual(PATIENCE_ROWS + 2 * TAKE_ROWS);
  // Higher ones do go first: no more than a share of each queue in every 512.
  const early = started.slice(0, 2_048);
  expect(early.filter((job) => job === 0).length).toBeGreaterThan(2_048 * 0.9);
});

test('of jobs with one priority none waits longer than a share of each other', async () => {
  const jobs = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 2, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(jobs, async (rows) => {
      const started = await order(rows.map((count): Setup => [count, 'bulk']));
      expect(started).toHaveLength(rows.reduce((sum, count) => sum + count, 0));
      for (const job of rows.keys())
        expect(longestWait(started, job)).toBeLessThanOrEqual(SHARE_ROWS * (rows.length - 1) + TAKE_ROWS);
    }),
    { numRuns: 15 },
  );
});
