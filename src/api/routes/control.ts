// POST /v1/jobs/:id/pause, resume, cancel and retry, PATCH /v1/jobs/:id, and POST /v1/jobs/control for many at once. Each may be sent again.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ControlStation } from '../../accept/control.ts';
import type { Principal } from '../../accounts/port.ts';
import { Failure, refused } from '../../base/failure.ts';
import {
  CONTROL_ACTIONS,
  type ControlAction,
  type JobsControl,
  jobPatchSchema,
  jobRetrySchema,
  jobsControlSchema,
} from '../../contract/control.ts';
import type { Job } from '../../contract/job.ts';
import type { JobPosition, LedgerReader } from '../../ledger/port.ts';
import { callerOf } from '../auth.ts';
import { tagged } from '../etag.ts';
import type { HomeIndex } from '../home-index.ts';
import { jsonBody, optionalBody } from '../json-body.ts';
import { noQuery, parseQuery } from '../query.ts';

export interface ControlRoutesOptions {
  control: ControlStation;
  ledger: Pick<LedgerReader, 'job' | 'jobs'>;
  homes: HomeIndex;
}

/** Jobs that one call by filter changes, and how many of them at a time. */
const MATCHED_MAX_JOBS = 1_000;
const PARALLEL_JOBS = 16;
const nothing = z.strictObject({});

export function controlRoutes(app: FastifyInstance, options: ControlRoutesOptions): void {
  const write = { config: { scope: 'jobs:write' as const } };
  const { control, ledger, homes } = options;
  const read = async (caller: Principal, id: string): Promise<{ home: string; job: Job }> => {
    const home = homes.homeOfJob(caller, id);
    const job = home === undefined ? undefined : await ledger.job(home, id);
    if (home === undefined || !job) throw noSuchJob();
    return { home, job };
  };

  for (const action of CONTROL_ACTIONS)
    app.post<{ Params: { id: string } }>(`/v1/jobs/:id/${action}`, write, async (request) => {
      noBody(request);
      parseQuery(noQuery, request.query);
      const { id } = request.params;
      const { home } = await read(callerOf(request), id);
      const done = await control.act(home, id, action);
      if (!done) throw noSuchJob();
      const { job } = await read(callerOf(request), id);
      return action === 'cancel' ? { job, left: done.left } : { job };
    });

  app.post<{ Params: { id: string } }>('/v1/jobs/:id/retry', write, async (request) => {
    const { include } = optionalBody(request, jobRetrySchema);
    parseQuery(noQuery, request.query);
    const { id } = request.params;
    const { home } = await read(callerOf(request), id);
    const done = await control.retry(home, id, include);
    if (!done) throw noSuchJob();
    return { job: (await read(callerOf(request), id)).job, ...done };
  });

  app.patch<{ Params: { id: string } }>('/v1/jobs/:id', write, async (request, reply) => {
    const { value } = jsonBody(request, jobPatchSchema);
    parseQuery(noQuery, request.query);
    const { id } = request.params;
    // No `If-Match`: the tag of a job that is being sent changes with every message.
    const { home } = await read(callerOf(request), id);
    if (!(await control.patch(home, id, value))) throw noSuchJob();
    return tagged(request, reply, (await read(callerOf(request), id)).job);
  });

  app.post('/v1/jobs/control', write, (request) => {
    const { value } = jsonBody(request, jobsControlSchema);
    parseQuery(noQuery, request.query);
    return controlMany(options, callerOf(request), value);
  });
}

/** At most 1,000 jobs in one call; `has_more` says that the filter fits others that were not looked at. */
async function controlMany(
  { control, ledger, homes }: ControlRoutesOptions,
  caller: Principal,
  { action, filter }: JobsControl,
): Promise<{ matched: number; changed: number; left: number; has_more: boolean }> {
  const { created_after: createdAfterMs, ...rest } = filter;
  const found: string[] = [];
  let next: JobPosition | undefined;
  do {
    const wanted = MATCHED_MAX_JOBS - found.length;
    const page = await ledger.jobs(
      caller.workspace,
      caller.environment,
      { ...rest, createdAfterMs },
      next,
      wanted,
    );
    found.push(...page.rows.map(({ id }) => id));
    next = page.next;
  } while (next !== undefined && found.length < MATCHED_MAX_JOBS);
  let changed = 0;
  let left = 0;
  for (let i = 0; i < found.length; i += PARALLEL_JOBS) {
    const some = found
      .slice(i, i + PARALLEL_JOBS)
      .map((id) => unlessEnded(control, homes.homeOfJob(caller, id), id, action));
    for (const done of await Promise.all(some)) {
      if (!done) continue;
      changed += 1;
      left += done.left;
    }
  }
  return { matched: found.length, changed, left, has_more: next !== undefined };
}

/** One that has ended is passed over. */
async function unlessEnded(
  control: ControlStation,
  home: string | undefined,
  id: string,
  action: ControlAction,
) {
  try {
    return home === undefined ? undefined : await control.act(home, id, action);
  } catch (error) {
    if (error instanceof Failure && error.code === 'conflict') return undefined;
    throw error;
  }
}

/** Nothing, or an empty object. */
const noBody = (request: FastifyRequest) => optionalBody(request, nothing);

const noSuchJob = () => refused('not_found', 'There is no such job.');
