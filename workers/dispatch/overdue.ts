// Started runs that nobody brought an outcome for: their process is dead, or was frozen past every deadline.
import { ask } from '../../src/base/redis.ts';
import { loadScript } from '../../src/base/script.ts';
import { STATUS_BYTE } from '../../src/contract/job.ts';
import type { Limit } from '../../src/contract/limit.ts';
import { type LaneId, laneKeys } from '../../src/lanes/keys.ts';
import type { StartedRun } from '../../src/lanes/lanes.ts';
import { jobKeys } from '../../src/ledger/keys.ts';
import { LIMIT_LINGER_MS, limitArguments, limitKeyList } from '../../src/pacing/limits.ts';
import type { DispatchContext } from './context.ts';
import type { Outcome } from './settle.ts';

const dropScript = loadScript(import.meta.dirname, 'lua/drop-run.lua');
const ERROR = { code: 'no_outcome', message: 'the call was started and its outcome was never recorded' };
const SENDING = STATUS_BYTE.sending.charCodeAt(0);

/** An unknown outcome for each row of the run that is still sending with the run's try. None when the job is gone. */
export async function overdueOf(
  { redis, namespace, jobs, clock, personOf }: DispatchContext,
  lane: LaneId,
  run: StartedRun,
  endedUs: number,
): Promise<Outcome[]> {
  const view = await jobs.view(lane.home, run.job);
  if (!view) return [];
  const keys = jobKeys(namespace, lane.home, run.job, view.seal.fingerprint);
  const [statuses, tries] = await Promise.all([
    ask(redis.client.getrangeBuffer(keys.statuses, run.from, run.to)),
    ask(redis.client.getrangeBuffer(keys.tries, run.from, run.to)),
  ]);
  await jobs.prepare(view, run.from, run.to - run.from + 1);
  const outcomes: Outcome[] = [];
  for (const [offset, status] of statuses.entries()) {
    if (status !== SENDING || tries[offset] !== run.try) continue;
    const index = run.from + offset;
    const result = { index, atMs: clock.now(), providerId: null, error: ERROR };
    const fate = { to: 'u' as const, written: true, counts: true, maxAttempts: 0, endedUs, dueUs: 0, result };
    const row = jobs.row(view, index);
    // Their pair is free one period after this, or it would stay taken until the call's deadline.
    const person = row ? personOf(view.seal.workspace, row[0]) : '';
    const told = { why: 'r' as const, throttled: false, person, mark: '' };
    outcomes.push({ view, index, try: run.try, run: run.name, ...fate, ...told });
  }
  return outcomes;
}

/** Forgets the run. Its places come free one period after `endedUs`, should any still be held: its job may be gone. */
export async function dropRun(
  { redis, namespace }: Pick<DispatchContext, 'redis' | 'namespace'>,
  lane: LaneId,
  limits: readonly Limit[],
  run: StartedRun,
  endedUs: number,
): Promise<void> {
  const keys = laneKeys(namespace, lane);
  await redis.run(
    dropScript,
    [keys.fly, keys.flying, ...limitKeyList(namespace, lane, limits)],
    [run.name, endedUs.toFixed(0), LIMIT_LINGER_MS, ...limitArguments(limits, lane.sender)],
  );
}
