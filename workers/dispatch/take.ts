// One take: candidates in, grants out. Builds the keys and arguments of take.lua and reads its answer.

import type { Clock } from '../../src/base/clock.ts';
import type { Redis } from '../../src/base/redis.ts';
import { loadScript } from '../../src/base/script.ts';
import type { Limit } from '../../src/contract/limit.ts';
import { type LaneId, laneKeys } from '../../src/lanes/keys.ts';
import { jobKeys } from '../../src/ledger/keys.ts';
import { LIMIT_LINGER_MS, limitArguments, limitKeyList } from '../../src/pacing/limits.ts';
import type { ServerClock } from '../../src/pacing/server-clock.ts';
import type { JobView } from './jobs.ts';

const takeScript = loadScript(import.meta.dirname, 'lua/take.lua');

/** An item is started at most this long before its moment: what a killed process leaves unknown stays small. */
const HORIZON_US = 50_000;

/** A candidate: `count` rows from `from` on, all of one cursor; `queue` 0 is one row that waited alone. */
export interface Candidate {
  view: JobView;
  cursor: string;
  from: number;
  count: number;
  queue: number;
}

/** Leave to make one call at its moment (local monotonic µs). */
export interface Grant {
  view: JobView;
  index: number;
  try: number;
  momentUs: number;
  /** The started run it belongs to, as the lane knows it. */
  run: string;
}

export interface Taken {
  version: string;
  grants: Grant[];
  /** When the next call could go (local monotonic µs); undefined: after an answer. */
  nextUs: number | undefined;
  /** The limit that binds the next call. */
  binding: Limit | undefined;
}

export interface TakeOptions {
  redis: Redis;
  namespace: string;
  clock: Clock;
  serverClock: ServerClock;
  /** After its moment a call has ended, one way or another. */
  callDeadlineMs: number;
}

/** Undefined when the turn is lost. The same `seq` of a turn gets the same answer, so a lost reply takes nothing twice. */
export async function take(
  options: TakeOptions,
  lane: LaneId,
  turn: { fence: string; seq: number },
  limits: readonly Limit[],
  candidates: readonly Candidate[],
  want: number,
): Promise<Taken | undefined> {
  const { redis, namespace, clock, serverClock, callDeadlineMs } = options;
  const keys = laneKeys(namespace, lane);
  const views = [...new Set(candidates.map(({ view }) => view))];
  const slotOf = new Map(views.map((view, i) => [view, i + 1]));
  const jobKeyList = views.flatMap(({ seal }) => {
    const job = jobKeys(namespace, lane.home, seal.job, seal.fingerprint);
    return [job.row, job.statuses, job.tries];
  });
  const sentUs = clock.monotonicUs();
  const reply = await redis.run<[string, string]>(
    takeScript,
    [
      keys.lane,
      keys.lanes,
      keys.fly,
      keys.later,
      keys.cursors,
      ...keys.queues,
      keys.flying,
      ...limitKeyList(namespace, lane.home, limits),
      ...jobKeyList,
    ],
    [
      '',
      turn.fence,
      turn.seq,
      lane.sender,
      want,
      HORIZON_US,
      callDeadlineMs * 1_000,
      LIMIT_LINGER_MS,
      ...limitArguments(limits),
      views.length,
      ...views.map(({ seal }) => seal.job),
      ...candidates.flatMap(({ view, cursor, from, count, queue }) => [
        slotOf.get(view) ?? 0,
        cursor,
        from,
        count,
        queue,
      ]),
    ],
  );
  if (reply[0] !== 'ok') return undefined;
  return readAnswer(reply[1], views, limits, serverClock, sentUs, clock.monotonicUs());
}

function readAnswer(
  answer: string,
  views: readonly JobView[],
  limits: readonly Limit[],
  serverClock: ServerClock,
  sentUs: number,
  receivedUs: number,
): Taken {
  const [now = '', version = '', next = '', binding = '', grants = ''] = answer.split('|');
  serverClock.observe(sentUs, receivedUs, Number(now));
  return {
    version,
    nextUs: next === '' ? undefined : serverClock.toLocal(Number(next)),
    binding: limits[Number(binding) - 1],
    grants:
      grants === '' ? [] : grants.split(';').flatMap((run) => readRun(run, Number(now), views, serverClock)),
  };
}

function readRun(text: string, nowUs: number, views: readonly JobView[], serverClock: ServerClock): Grant[] {
  const [slot, run = '', items = ''] = text.split(',');
  const view = views[Number(slot) - 1];
  if (!view) throw new Error('take.lua granted a job that was not offered');
  const attempt = Number(run.slice(run.lastIndexOf(':') + 1));
  return items.split(' ').map((item) => {
    const plus = item.indexOf('+');
    const momentUs = serverClock.toLocal(nowUs + Number(item.slice(plus + 1)));
    return { view, index: Number(item.slice(0, plus)), try: attempt, momentUs, run };
  });
}
