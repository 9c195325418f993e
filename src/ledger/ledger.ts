// The store of jobs: writes their rows and reads them, by job, by list, by item.

import type { Clock } from '../base/clock.ts';
import { ask, type Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import type { Environment } from '../contract/environment.ts';
import type { Job } from '../contract/job.ts';
import type { SealRecord } from '../contract/record.ts';
import { createItemReader } from './items.ts';
import { homeFinder } from './job-id.ts';
import { jobKeys, jobListKey, jobRowKey, openJobsKey } from './keys.ts';
import { readLeftOut } from './left-out.ts';
import type { FindForgotten, JobFilter, JobPosition, LedgerReader, LedgerWriter, Page } from './port.ts';
import { type JobRow, jobOf, ROW_FIELDS, readRow } from './row.ts';

const createRowScript = loadScript(import.meta.dirname, 'lua/create-row.lua');
/** Rows of a list that one filtered page may read. */
const SCAN_MAX_JOBS = 1_000;
/** A workspace's list of jobs keeps this many, newest first. */
const LIST_MAX_JOBS = 1_000_000;

export interface LedgerOptions {
  redis: Redis;
  namespace: string;
  clock: Clock;
  /** The home that the letters of a job id stand for. */
  homeOfLetters(letters: string): string | undefined;
  forgotten?: FindForgotten;
}

export interface Ledger extends LedgerReader, LedgerWriter {
  row(home: string, id: string): Promise<JobRow | undefined>;
}

export function createLedger(options: LedgerOptions): Ledger {
  const { redis, namespace, clock } = options;
  const row = async (home: string, id: string): Promise<JobRow | undefined> =>
    readRow(await ask(redis.client.hmget(jobRowKey(namespace, home, id), ...ROW_FIELDS)));
  return {
    row,
    create: (seal) => create(redis, namespace, seal),
    job: async (home, id) => {
      const found = await row(home, id);
      return found && jobOf(found, clock.now());
    },
    jobs: (workspace, environment, filter, after, limit) =>
      listJobs(options, workspace, environment, filter, after, limit),
    items: createItemReader(options, row),
    leftOut: async (home, id, fromIndex, limit) => {
      const found = await row(home, id);
      return found && readLeftOut(redis, namespace, found, fromIndex, limit);
    },
  };
}

async function create(redis: Redis, namespace: string, seal: SealRecord): Promise<boolean> {
  const { row } = jobKeys(namespace, seal.home, seal.job, seal.fingerprint);
  const list = jobListKey(namespace, seal.workspace, seal.environment);
  const [own] = await Promise.all([
    redis.run<number>(createRowScript, [row], [seal.dies_at, seal.fingerprint, 'seal', JSON.stringify(seal)]),
    ask(redis.client.zadd(list, 'NX', seal.created_at, seal.job)),
    ask(
      redis.client.zadd(openJobsKey(namespace, seal.workspace), 'NX', seal.total, `${seal.job} ${seal.home}`),
    ),
    ask(redis.client.zremrangebyrank(list, 0, -LIST_MAX_JOBS - 1)),
  ]);
  return own === 1;
}

async function listJobs(
  { redis, namespace, clock, ...homes }: LedgerOptions,
  workspace: string,
  environment: Environment,
  filter: JobFilter,
  after: JobPosition | undefined,
  limit: number,
): Promise<Page<Job, JobPosition>> {
  const key = jobListKey(namespace, workspace, environment);
  const homeOfJob = homeFinder(homes);
  const rows: Job[] = [];
  let position = after;
  for (let scanned = 0; scanned < SCAN_MAX_JOBS; ) {
    const batch = await idsAfter(redis, key, position, limit);
    const values = await Promise.all(
      batch.map(({ id }) =>
        ask(redis.client.hmget(jobRowKey(namespace, homeOfJob(id) ?? '', id), ...ROW_FIELDS)),
      ),
    );
    for (const [i, entry] of batch.entries()) {
      position = entry;
      const found = readRow(values[i] ?? []);
      const job = found && jobOf(found, clock.now());
      if (job && matches(job, filter)) rows.push(job);
      if (rows.length === limit)
        return { rows, next: i + 1 < batch.length || batch.length === limit ? position : undefined };
    }
    if (batch.length < limit) return { rows, next: undefined };
    scanned += batch.length;
  }
  return { rows, next: position };
}

const matches = (job: Job, filter: JobFilter): boolean =>
  (filter.status === undefined || job.status === filter.status) &&
  (filter.kind === undefined || job.kind === filter.kind) &&
  (filter.sender === undefined || job.sender === filter.sender) &&
  (filter.createdAfterMs === undefined || Date.parse(job.created_at) > filter.createdAfterMs);

/** The next `limit` jobs behind a position, newest first, ties by descending id as the sorted set keeps them. */
async function idsAfter(
  redis: Redis,
  key: string,
  after: JobPosition | undefined,
  limit: number,
): Promise<JobPosition[]> {
  const found: JobPosition[] = [];
  let offset = 0;
  while (found.length < limit) {
    const reply = await ask(
      redis.client.zrevrangebyscore(
        key,
        after ? after.createdMs : '+inf',
        '-inf',
        'WITHSCORES',
        'LIMIT',
        offset,
        limit,
      ),
    );
    for (let i = 0; i < reply.length && found.length < limit; i += 2) {
      const entry = { id: String(reply[i]), createdMs: Number(reply[i + 1]) };
      if (!after || entry.createdMs < after.createdMs || entry.id < after.id) found.push(entry);
    }
    if (reply.length < limit * 2) return found;
    offset += limit;
  }
  return found;
}
