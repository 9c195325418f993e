// `on_unknown: resend`: an item that nobody heard of for its time is sent once more, and marked as a possible duplicate. Jobs that ask for
// it stand in one sorted set by when to look at them next; all other jobs cost nothing.
import type { Clock } from '../../src/base/clock.ts';
import { messageOf } from '../../src/base/failure.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { TicketQueue } from '../../src/base/queue.ts';
import { ask, type Redis } from '../../src/base/redis.ts';
import { loadScript } from '../../src/base/script.ts';
import { STATUS_BYTE } from '../../src/contract/job.ts';
import type { SealRecord } from '../../src/contract/record.ts';
import { laneKeys } from '../../src/lanes/keys.ts';
import { stir } from '../../src/lanes/overdue.ts';
import { chunkKeys, jobKeys, resendKey } from '../../src/ledger/keys.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { readLines, unfoldResults } from '../../src/ledger/results.ts';
import { chunkOf, type JobRow } from '../../src/ledger/row.ts';

const resendScript = loadScript(import.meta.dirname, 'lua/resend.lua');
/** Jobs looked at in one sweep. */
const JOBS_AT_ONCE = 20;
/** Items sent again in one sweep of one job; the rest is due at the next. */
const ITEMS_AT_ONCE = 200;
/** A job without an item that is due is looked at again after this. */
const LOOK_MS = 5_000;
const UNKNOWN = STATUS_BYTE.unknown.charCodeAt(0);

export interface ResendOptions {
  redis: Redis;
  namespace: string;
  clock: Clock;
  logger: Logger;
  ledger: Pick<Ledger, 'row'>;
  tickets: Pick<TicketQueue, 'add'>;
  /** An unknown item is sent again after this. */
  resendAfterMs: number;
}

/** Looks at the jobs whose time it is. */
export async function resendDue(options: ResendOptions): Promise<void> {
  const { redis, namespace, clock, logger } = options;
  const key = resendKey(namespace);
  const due = await ask(redis.client.zrangebyscore(key, '-inf', clock.now(), 'LIMIT', 0, JOBS_AT_ONCE));
  for (const member of due) {
    try {
      const nextMs = await look(options, member);
      await ask(
        nextMs === undefined ? redis.client.zrem(key, member) : redis.client.zadd(key, 'XX', nextMs, member),
      );
    } catch (error) {
      logger.warn('resend.delayed', { reason: messageOf(error) });
    }
  }
}

/** When to look at the job again (unix ms); undefined: never. */
async function look(options: ResendOptions, member: string): Promise<number | undefined> {
  const [job = '', home = ''] = member.split(' ');
  const nowMs = options.clock.now();
  const row = await options.ledger.row(home, job);
  if (!row || (row.seal.expires_at ?? Number.POSITIVE_INFINITY) <= nowMs) return undefined;
  const ended = row.state === 'completed';
  if (!ended && row.state !== 'open') return row.state === 'paused' ? nowMs + LOOK_MS : undefined;
  if (row.counts.unknown === 0) return ended ? undefined : nowMs + LOOK_MS;
  const waiting = await waitingOf(options, row);
  const due = waiting.filter(({ dueMs }) => dueMs <= nowMs).slice(0, ITEMS_AT_ONCE);
  if (due.length > 0)
    await resend(
      options,
      row.seal,
      due.map(({ index }) => index),
    );
  if (due.length === 0 && waiting.length === 0 && ended) return undefined;
  const next = Math.min(nowMs + LOOK_MS, ...waiting.map(({ dueMs }) => dueMs));
  return Math.max(next, nowMs);
}

interface Waiting {
  index: number;
  dueMs: number;
}

/** Unknown items that have not been sent again, the first few of them, and when each is due. */
async function waitingOf(
  { redis, namespace, resendAfterMs }: ResendOptions,
  { seal }: JobRow,
): Promise<Waiting[]> {
  const keys = jobKeys(namespace, seal.home, seal.job, seal.fingerprint);
  const [statuses, resent] = await Promise.all([
    ask(redis.client.getBuffer(keys.statuses)),
    ask(redis.client.hkeys(keys.resent)),
  ]);
  const marked = new Set(resent);
  const found: number[] = [];
  for (const [index, byte] of (statuses ?? Buffer.alloc(0)).entries())
    if (byte === UNKNOWN && found.length < ITEMS_AT_ONCE && !marked.has(String(index))) found.push(index);
  const waiting: Waiting[] = [];
  for (const [n, indices] of Map.groupBy(found, (index) => chunkOf(seal, index))) {
    const times = await timesOf(redis, namespace, seal, n);
    for (const index of indices) waiting.push({ index, dueMs: (times.get(index) ?? 0) + resendAfterMs });
  }
  return waiting;
}

/** When each item of a chunk got its last word. */
async function timesOf(
  redis: Redis,
  namespace: string,
  { home, job, fingerprint }: SealRecord,
  n: number,
): Promise<Map<number, number>> {
  const keys = chunkKeys(namespace, home, job, fingerprint, n);
  const [lines, folded] = await ask(redis.client.mgetBuffer(keys.results, keys.folded));
  const results = readLines(lines?.toString('utf8') ?? '', folded ? unfoldResults(folded) : new Map());
  return new Map([...results].map(([index, { atMs }]) => [index, atMs]));
}

async function resend(
  { redis, namespace, logger, tickets }: ResendOptions,
  { home, job, fingerprint, sender, dies_at }: SealRecord,
  indices: readonly number[],
): Promise<void> {
  const keys = jobKeys(namespace, home, job, fingerprint);
  const lane = laneKeys(namespace, { home, sender });
  stir(redis, namespace, home);
  const [count, n] = await redis.run<[number, string]>(
    resendScript,
    [keys.row, keys.statuses, keys.resent, lane.lane, lane.lanes, lane.later],
    ['', job, sender, dies_at, ...indices],
  );
  if (count > 0) logger.info('item.resent', { job, sender, count });
  if (n !== '0') await tickets.add({ home, sender, n }, 0);
}
