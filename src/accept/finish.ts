// `finish_by`: refused when the sender's limits rule it out, with the earliest time that can be. First by a bound that asks nobody, then by the
// forecast over the limits as they are used now and all that waits before it.
import type { Sender } from '../accounts/port.ts';
import { refused } from '../base/failure.ts';
import type { BulkRequestBody } from '../contract/request.ts';
import { isoTime } from '../contract/time.ts';
import { shortestMs } from '../pacing/earliest.ts';
import { limitsOf } from '../pacing/limits.ts';
import { startOf } from './envelope.ts';
import { groupsOf, type PlannedJob } from './plan.ts';
import type { CheckedRows } from './rows.ts';

/** What of a job says when its messages go. */
export type Coming = Pick<PlannedJob, 'priority' | 'startMs' | 'spreadMs' | 'groups'>;

/** When the last answer of a job should be there that is not there yet (unix ms); undefined: not within a job's life. Holds count as over soon. */
export type FinishOf = (sender: Sender, job: Coming) => Promise<number | undefined>;

/** The forecast is good to this part of the time until its answer, and to so much at least. What it refuses by less is taken. */
const ERROR_PART = 0.01;
const ERROR_MS = 100;

/** `rows`: undefined where they are not at hand any more; the quiet hours of recipients are left out then. Throws `unprocessable`. */
export async function checkFinish(
  body: BulkRequestBody,
  sender: Sender,
  { total, rows }: { total: number; rows?: CheckedRows['rows'] },
  createdMs: number,
  finishOf?: FinishOf,
): Promise<void> {
  const { finish_by: finishBy, priority, spread = 0 } = body;
  if (finishBy === undefined) return;
  const startMs = startOf(body, createdMs);
  const bound = startMs + shortestMs(limitsOf(sender), total);
  if (finishBy < bound) throw impossible(bound);
  if (!finishOf) return;
  const groups = await groupsOf(rows ? body.quiet_hours : undefined, rows ?? [], total, startMs);
  const finish = await finishOf(sender, { priority, startMs, spreadMs: spread, groups });
  const errorMs = Math.max(ERROR_MS, ERROR_PART * (finishBy - createdMs));
  if (finish === undefined || finishBy + errorMs < finish) throw impossible(finish);
}

function impossible(earliest: number | undefined) {
  const allowed = earliest === undefined ? 'no time within 45 days' : `${isoTime(earliest)} at the earliest`;
  const message = `cannot be kept: the limits of the sender allow ${allowed}`;
  return refused('unprocessable', `finish_by ${message}`, [
    { path: 'finish_by', code: 'impossible', message },
  ]);
}
