// Trying again what has failed, or what nobody has heard of. First it is found which items these are; the log gets their names, each with the
// try that ended badly; then they go back to their lane. Who reads the record again finds them at another try, and changes nothing.
import type { Clock } from '../base/clock.ts';
import { Failure, refused } from '../base/failure.ts';
import type { TicketQueue } from '../base/queue.ts';
import { ask, type Redis } from '../base/redis.ts';
import { decodeRows } from '../base/rows.ts';
import { loadScript } from '../base/script.ts';
import type { JobRetry } from '../contract/control.ts';
import { STATUS_BYTE } from '../contract/job.ts';
import { type ControlRecord, isErased, type RetryRun, type SealRecord } from '../contract/record.ts';
import { laneKeys } from '../lanes/keys.ts';
import { wakeOf } from '../lanes/lanes.ts';
import { stir } from '../lanes/overdue.ts';
import { chunkKeys, jobKeys } from '../ledger/keys.ts';
import { chunkRange, type JobRow, startsOf } from '../ledger/row.ts';

const retryScript = loadScript(import.meta.dirname, 'lua/retry.lua');

/** Items that one call tries again. Their names fit into one record: at most 16 bytes each. */
const RETRY_MAX_ITEMS = 10_000;
/** Items that one script sends back: a few milliseconds. */
const STEP_MAX_ITEMS = 500;
/** Items that may wait alone in one lane, as dispatch bounds them. */
const LATER_MAX_ITEMS = 50_000;
const FULL_RETRY_MS = 30_000;

export interface RetryPlan {
  runs: RetryRun[];
  /** Items in `runs`. */
  count: number;
  /** Items that fit too, but are more than one call tries again. */
  remaining: number;
  /** Items whose row could never be read, or whose person was forgotten: there is nothing to send. */
  unreadable: number;
}

export interface Retries {
  /** Changes nothing. Throws `conflict` when the job's time is over, `backlog_full` when the lane has no room. */
  plan(row: JobRow, include: JobRetry['include']): Promise<RetryPlan>;
  /** Repeatable, by whoever reads the record. */
  apply(record: ControlRecord): Promise<void>;
}

export interface RetriesOptions {
  redis: Redis;
  namespace: string;
  clock: Clock;
  tickets: Pick<TicketQueue, 'add'>;
}

export function createRetries(options: RetriesOptions): Retries {
  return {
    plan: (row, include) => plan(options, row, include),
    apply: (record) => apply(options, record),
  };
}

async function plan(
  options: RetriesOptions,
  { seal, state, counts }: JobRow,
  include: JobRetry['include'],
): Promise<RetryPlan> {
  refuseState(state, seal, options.clock.now());
  const found: RetryPlan = { runs: [], count: 0, remaining: 0, unreadable: 0 };
  const wanted = include.reduce((sum, name) => sum + counts[name], 0);
  if (wanted === 0) return found;
  const room = await roomOf(options, seal);
  const chunks = startsOf(seal).length;
  for (let n = 0; n < chunks && found.count < room; n += 1)
    await addChunk(options, seal, n, include, room, found);
  return { ...found, remaining: Math.max(0, wanted - found.count - found.unreadable) };
}

function refuseState(state: string, seal: SealRecord, nowMs: number): void {
  const endsMs = Math.min(seal.expires_at ?? seal.dies_at, seal.dies_at);
  if (endsMs <= nowMs)
    throw refused('conflict', 'The time of the job is over: nothing of it is sent any more.');
  if (state === 'canceling' || state === 'incomplete')
    throw refused('conflict', `The job is ${state}: nothing of it can be tried again now.`);
}

async function roomOf({ redis, namespace }: RetriesOptions, lane: SealRecord): Promise<number> {
  const waiting = await ask(redis.client.zcard(laneKeys(namespace, lane).later));
  const room = Math.min(RETRY_MAX_ITEMS, LATER_MAX_ITEMS - waiting);
  if (room > 0) return room;
  throw new Failure({
    code: 'backlog_full',
    message: 'Too many messages of this sender wait for another try.',
    repeat: 'safe',
    retryAfterMs: FULL_RETRY_MS,
  });
}

/** The items of one chunk. One whose row is not there has nothing to send. */
async function addChunk(
  { redis, namespace }: RetriesOptions,
  seal: SealRecord,
  n: number,
  include: JobRetry['include'],
  room: number,
  found: RetryPlan,
): Promise<void> {
  const { first, last } = chunkRange(seal, n);
  const keys = jobKeys(namespace, seal.home, seal.job, seal.fingerprint);
  const [statuses, tries] = await Promise.all([
    ask(redis.client.getrangeBuffer(keys.statuses, first, last)),
    ask(redis.client.getrangeBuffer(keys.tries, first, last)),
  ]);
  const wanted = new Set(include.map((name) => STATUS_BYTE[name].charCodeAt(0)));
  const offsets = [...statuses.keys()].filter((offset) => wanted.has(statuses[offset] ?? 0));
  if (offsets.length === 0) return;
  const { rows: rowsKey } = chunkKeys(namespace, seal.home, seal.job, seal.fingerprint, n);
  const blob = await ask(redis.client.getBuffer(rowsKey));
  const rows = blob ? decodeRows(blob) : [];
  for (const offset of offsets) {
    if (found.count === room) return;
    const row = rows[offset];
    if (!row || isErased(row)) found.unreadable += 1;
    else addItem(found, first + offset, tries[offset] ?? 0);
  }
}

function addItem(found: RetryPlan, index: number, attempt: number): void {
  found.count += 1;
  const last = found.runs.at(-1);
  if (last && last[0] + last[1] === index && last[2] === attempt) last[1] += 1;
  else found.runs.push([index, 1, attempt]);
}

async function apply(
  { redis, namespace, clock, tickets }: RetriesOptions,
  { job, home, sender, fingerprint, seq, dies_at, retry = [] }: ControlRecord,
): Promise<void> {
  const keys = jobKeys(namespace, home, job, fingerprint);
  const lane = laneKeys(namespace, { home, sender });
  const ends = await ask(redis.client.hget(keys.row, 'ends'));
  stir(redis, namespace, home);
  for (const runs of stepsOf(retry)) {
    const [, , n, wakeUs] = await redis.run<[number, string, string, string]>(
      retryScript,
      [keys.row, keys.statuses, keys.tries, keys.uncounted, keys.resent, lane.lane, lane.lanes, lane.later],
      [
        '',
        job,
        sender,
        seq,
        dies_at,
        Number(ends) > 0 ? String(ends) : (dies_at * 1_000).toFixed(0),
        ...runs.flat(),
      ],
    );
    const wake = wakeOf(n, wakeUs);
    if (wake) await tickets.add({ home, sender, n: wake.n }, wake.wakeUs / 1_000 - clock.now());
  }
}

/** Runs in bounded steps; a long run is cut. */
function* stepsOf(retry: readonly RetryRun[]): Generator<RetryRun[]> {
  let step: RetryRun[] = [];
  let room = STEP_MAX_ITEMS;
  for (const [first, count, attempt] of retry) {
    for (let at = first; at < first + count; ) {
      const length = Math.min(room, first + count - at);
      step.push([at, length, attempt]);
      at += length;
      room -= length;
      if (room > 0) continue;
      yield step;
      step = [];
      room = STEP_MAX_ITEMS;
    }
  }
  if (step.length > 0) yield step;
}
