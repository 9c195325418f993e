// Follows a job to its end, drawing its progress.
import type { Clock } from '../../base/clock.ts';
import { type Answer, ApiProblem, type Client, Unreachable } from '../../client/client.ts';
import type { Job, JobStatus } from '../../contract/job.ts';
import type { LiveLine } from '../terminal/live-line.ts';
import { createRateMeter } from '../terminal/rate-meter.ts';

const LOOK_EVERY_MS = 150;
/** When half of the key's requests are used up: others may need the rest. */
const LOOK_SELDOM_MS = 2_000;
/** So long may the API be away before we give up. */
const PATIENCE_US = 15_000_000;
const ENDED: readonly JobStatus[] = ['completed', 'canceled', 'expired', 'incomplete'];

export interface FollowOptions {
  api: Client;
  line: LiveLine;
  clock: Clock;
  signal?: AbortSignal;
}

/** The job as it ended, or as it was last seen when `signal` was raised. */
export async function followJob(job: Job, options: FollowOptions): Promise<Job> {
  try {
    return await follow(job, options);
  } finally {
    options.line.end();
  }
}

async function follow(job: Job, { api, line, clock, signal }: FollowOptions): Promise<Job> {
  const startUs = clock.monotonicUs();
  const meter = createRateMeter();
  let now = job;
  let pauseMs = LOOK_EVERY_MS;
  while (!signal?.aborted) {
    const atUs = clock.monotonicUs();
    const { total, queued, sending } = now.counts;
    const done = total - queued - sending;
    meter.read(atUs, done);
    const ended = ENDED.includes(now.status);
    const elapsedMs = ended ? spanMs(now) : (atUs - startUs) / 1_000;
    line.show({ done, total, perSecond: meter.perSecond(), elapsedMs, note: noteOf(now) });
    if (ended) break;
    await clock.delay(pauseMs, signal);
    if (signal?.aborted) break;
    const { body, headers } = await look(api, job.id, clock);
    now = body;
    pauseMs = isScarce(headers) ? LOOK_SELDOM_MS : LOOK_EVERY_MS;
  }
  return now;
}

/** By the service's own stamps: from created to the last change. */
export const spanMs = (job: Job): number => Date.parse(job.updated_at) - Date.parse(job.created_at);

const noteOf = ({ status, hold }: Job): string | undefined =>
  hold?.message ?? (status === 'paused' || status === 'scheduled' ? status : undefined);

const isScarce = (headers: Headers): boolean =>
  Number(headers.get('x-ratelimit-remaining')) < Number(headers.get('x-ratelimit-limit')) / 2;

/** A service that is busy says when to come back; only one that is away is given up. */
async function look(api: Client, id: string, clock: Clock): Promise<Answer<Job>> {
  let giveUpAtUs = clock.monotonicUs() + PATIENCE_US;
  for (;;) {
    try {
      return await api.getJob({ params: { id } });
    } catch (error) {
      if (isLimited(error)) {
        await clock.delay(error.retryAfterMs ?? LOOK_SELDOM_MS);
        giveUpAtUs = clock.monotonicUs() + PATIENCE_US;
        continue;
      }
      if (!isPassing(error) || clock.monotonicUs() > giveUpAtUs) throw error;
      await clock.delay(LOOK_EVERY_MS);
    }
  }
}

const isLimited = (error: unknown): error is ApiProblem =>
  error instanceof ApiProblem && error.status === 429;

const isPassing = (error: unknown): boolean =>
  error instanceof Unreachable || (error instanceof ApiProblem && error.passing);
