// GET /v1/jobs, /v1/jobs/:id and /v1/jobs/:id/items. Every look-up goes through the caller's own homes: what is foreign is not there.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Principal } from '../../accounts/port.ts';
import { refused } from '../../base/failure.ts';
import type { Secret } from '../../base/secret.ts';
import { ITEM_STATUSES, type Item, JOB_KINDS, JOB_STATUSES, type Job } from '../../contract/job.ts';
import { timestampSchema } from '../../contract/time.ts';
import type { JobFilter, JobPosition, LedgerReader, Page } from '../../ledger/port.ts';
import { answerTypeOf } from '../accepts.ts';
import { callerOf } from '../auth.ts';
import { type Cursors, createCursors } from '../cursor.ts';
import { tagged } from '../etag.ts';
import { EXPORT_TYPES, type Exports } from '../export.ts';
import type { HomeIndex } from '../home-index.ts';
import { noQuery, oneOf, pageFields, pageQuery, parseQuery } from '../query.ts';

export interface JobRoutesOptions {
  ledger: LedgerReader;
  exports: Exports;
  homes: HomeIndex;
  secret: Secret;
}

interface List<Row> {
  data: Row[];
  has_more: boolean;
  next_cursor: string | null;
}

/** A narrow filter may leave a page empty though more is to come; so many reads are made to fill it. */
const READS_PER_PAGE = 5;

export const jobsQuery = z.strictObject({
  ...pageFields,
  status: oneOf(JOB_STATUSES).optional(),
  kind: oneOf(JOB_KINDS).optional(),
  sender: z.string().min(1).max(64).optional(),
  created_after: timestampSchema.optional(),
});
export const itemsQuery = z.strictObject({ ...pageFields, status: oneOf(ITEM_STATUSES).optional() });

export function jobRoutes(app: FastifyInstance, { ledger, homes, secret, exports }: JobRoutesOptions): void {
  const config = { scope: 'jobs:read' as const };
  const jobCursors = createCursors<JobPosition>(secret, 'jobs');
  const itemCursors = createCursors<number>(secret, 'items');
  const leftOutCursors = createCursors<number>(secret, 'left_out');
  const homeOf = (caller: Principal, id: string): string => {
    const home = homes.homeOfJob(caller, id);
    if (home === undefined) throw noSuchJob();
    return home;
  };

  app.get('/v1/jobs', { config }, (request) =>
    listJobs(ledger, jobCursors, callerOf(request), request.query),
  );

  app.get<{ Params: { id: string } }>('/v1/jobs/:id', { config }, async (request, reply) => {
    parseQuery(noQuery, request.query);
    const { id } = request.params;
    const job = await ledger.job(homeOf(callerOf(request), id), id);
    if (!job) throw noSuchJob();
    // What is foreseen moves with the clock: only what has happened makes another state.
    const { eta: _eta, hold: _hold, ...lasting } = job;
    return tagged(request, reply, job, lasting);
  });

  const itemsConfig = { ...config, accepts: ['application/json', ...EXPORT_TYPES] };
  app.get<{ Params: { id: string } }>(
    '/v1/jobs/:id/items',
    { config: itemsConfig },
    async (request, reply) => {
      const { id } = request.params;
      const type = answerTypeOf(request);
      const whole = type !== 'application/json';
      const { limit, cursor, status } = parseQuery(
        whole ? wholeQuery : itemsQuery,
        request.query,
      ) as ItemsQuery;
      const home = homeOf(callerOf(request), id);
      if (!(await ledger.job(home, id))) throw noSuchJob();
      if (whole) return exports.send(request, reply, { home, id, status, type });
      const bound = [id, status ?? ''];
      const from = cursor === undefined ? 0 : itemCursors.read(bound, cursor);
      const page = await filled<Item, number>(limit, from, (at, rows) =>
        ledger.items(home, id, status, at ?? 0, rows),
      );
      return listOf(page, bound, itemCursors);
    },
  );

  app.get<{ Params: { id: string } }>('/v1/jobs/:id/rejected', { config }, async (request) => {
    const { id } = request.params;
    const { limit, cursor } = parseQuery(pageQuery, request.query);
    const home = homeOf(callerOf(request), id);
    const from = cursor === undefined ? 0 : leftOutCursors.read([id], cursor);
    const page = await ledger.leftOut(home, id, from, limit);
    if (!page) throw noSuchJob();
    return listOf(page, [id], leftOutCursors);
  });
}

/** A list as a file is whole: it has no pages. */
const wholeQuery = itemsQuery.pick({ status: true });
type ItemsQuery = z.output<typeof itemsQuery>;

async function listJobs(
  ledger: LedgerReader,
  cursors: Cursors<JobPosition>,
  { workspace, environment }: Principal,
  query: unknown,
): Promise<List<Job>> {
  const { limit, cursor, status, kind, sender, created_after: createdAfterMs } = parseQuery(jobsQuery, query);
  const filter: JobFilter = { status, kind, sender, createdAfterMs };
  const bound = [
    workspace,
    environment,
    status ?? '',
    kind ?? '',
    sender ?? '',
    String(createdAfterMs ?? ''),
  ];
  const after = cursor === undefined ? undefined : cursors.read(bound, cursor);
  const page = await filled<Job, JobPosition>(limit, after, (at, rows) =>
    ledger.jobs(workspace, environment, filter, at, rows),
  );
  return listOf(page, bound, cursors);
}

/** Reads on until the page is full, the list ends, or enough was read. */
async function filled<Row, Position>(
  limit: number,
  from: Position | undefined,
  read: (from: Position | undefined, limit: number) => Promise<Page<Row, Position>>,
): Promise<Page<Row, Position>> {
  const rows: Row[] = [];
  let next = from;
  for (let reads = 0; reads < READS_PER_PAGE && rows.length < limit; reads += 1) {
    const page = await read(next, limit - rows.length);
    rows.push(...page.rows);
    next = page.next;
    if (next === undefined) break;
  }
  return { rows, next };
}

function listOf<Row, Position>(
  page: Page<Row, Position>,
  bound: readonly string[],
  cursors: Cursors<Position>,
): List<Row> {
  return {
    data: page.rows,
    has_more: page.next !== undefined,
    next_cursor: page.next === undefined ? null : cursors.write(bound, page.next),
  };
}

const noSuchJob = () => refused('not_found', 'There is no such job.');
