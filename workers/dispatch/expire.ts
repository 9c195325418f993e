// Ends what is still queued of a job whose time has passed.
import { loadScript } from '../../src/base/script.ts';
import { type LaneId, laneKeys } from '../../src/lanes/keys.ts';
import { jobKeys } from '../../src/ledger/keys.ts';
import { hintTold } from '../../src/ledger/outbox.ts';
import type { DispatchContext } from './context.ts';
import type { JobView } from './jobs.ts';

const expireScript = loadScript(import.meta.dirname, 'lua/expire.lua');

/** What the lane showed of the job: one of its cursors, or items that wait alone. */
export interface Shown {
  cursor?: string;
  /** "index:why" of each. */
  waiting?: readonly string[];
}

export async function expireJob(
  {
    redis,
    namespace,
    logger,
    accounts,
  }: Pick<DispatchContext, 'redis' | 'namespace' | 'logger' | 'accounts'>,
  lane: LaneId,
  { seal }: JobView,
  { cursor = '', waiting = [] }: Shown,
): Promise<void> {
  const keys = laneKeys(namespace, lane);
  const job = jobKeys(namespace, lane.home, seal.job, seal.fingerprint);
  const letters = accounts.toldOf(lane.home);
  const count = await redis.run<number>(
    expireScript,
    [job.row, job.statuses, keys.cursors, keys.scheduled, keys.later, ...keys.queues, job.outbox],
    ['', seal.job, cursor, letters, ...waiting],
  );
  if (letters !== '') hintTold(redis, namespace, lane.home);
  if (count > 0) logger.info('job.expired', { job: seal.job, count });
}
