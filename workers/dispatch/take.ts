// One take: candidates in, grants out. Builds the keys and arguments of take.lua and reads its answer.

import type { Clock } from '../../src/base/clock.ts';
import { PERSON_LETTERS, type PersonOf } from '../../src/base/person.ts';
import type { Redis } from '../../src/base/redis.ts';
import { loadScript } from '../../src/base/script.ts';
import type { Limit } from '../../src/contract/limit.ts';
import { type LaneId, laneKeys } from '../../src/lanes/keys.ts';
import { jobKeys } from '../../src/ledger/keys.ts';
import { seatKey } from '../../src/memory/keys.ts';
import { holdsKey, sharesKey } from '../../src/pacing/keys.ts';
import { LIMIT_LINGER_MS, limitArguments, limitKeyList } from '../../src/pacing/limits.ts';
import type { ServerClock } from '../../src/pacing/server-clock.ts';
import { templateHold } from './holds.ts';
import type { Jobs, JobView } from './jobs.ts';

const takeScript = loadScript(import.meta.dirname, 'lua/take.lua');

/** An item is started at most this long before its moment: what a killed process leaves unknown stays small. */
const HORIZON_US = 50_000;

/** Items that may wait alone in one lane; above it rows that should wait alone stay in their place. */
const LATER_MAX_ITEMS = 50_000;

/**
 * A candidate: `count` rows from `from` on, all of one cursor, which must have come to `since` (`from` when absent); `queue` 0 is one row that
 * waited alone, and `cursor` then the letter why.
 */
export interface Candidate {
  view: JobView;
  cursor: string;
  from: number;
  since?: number;
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
  person: string;
  /** What gives a unique person's place back: "score.score before"; '' when none was taken. */
  mark: string;
}

export interface Taken {
  version: string;
  /** Of the home's takes that are logged; 0: it started nothing, or is not logged. */
  number: number;
  grants: Grant[];
  /** When the next call could go (local monotonic µs); undefined: after an answer. */
  nextUs: number | undefined;
  /** What binds the next call: a limit's name, the field of a hold, or ''. */
  binding: string;
  /** Rows were left in their place because a limit about their person is full; others behind them may still go. */
  leftBehind: boolean;
}

export interface TakeOptions {
  redis: Redis;
  namespace: string;
  clock: Clock;
  serverClock: ServerClock;
  jobs: Pick<Jobs, 'row'>;
  personOf: PersonOf;
  /** After its moment a call has ended, one way or another. */
  callDeadlineMs: number;
  /** What is started is numbered for the log. */
  logged?: boolean;
}

/** Undefined when the turn is lost; `unverified`: the home's memory must be verified first. The same `seq` of a turn gets the same answer, so a lost reply takes nothing twice. */
export async function take(
  options: TakeOptions,
  lane: LaneId,
  turn: { fence: string; seq: number },
  limits: readonly Limit[],
  candidates: readonly Candidate[],
  want: number,
): Promise<Taken | 'unverified' | undefined> {
  const { redis, namespace, clock, callDeadlineMs, logged = false } = options;
  const keys = laneKeys(namespace, lane);
  const views = [...new Set(candidates.map(({ view }) => view))];
  const slotOf = new Map(views.map((view, i) => [view, i + 1]));
  const persons = candidates.map((candidate) => personsOf(options, candidate));
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
      keys.scheduled,
      holdsKey(namespace, lane.home),
      sharesKey(namespace, lane.home),
      seatKey(namespace, lane.home),
      ...limitKeyList(namespace, lane, limits),
      ...views.flatMap(({ seal }) => {
        const job = jobKeys(namespace, lane.home, seal.job, seal.fingerprint);
        return [job.row, job.statuses, job.tries];
      }),
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
      LATER_MAX_ITEMS,
      logged ? 1 : 0,
      ...limitArguments(limits, lane.sender),
      views.length,
      ...views.flatMap(({ seal }) => [seal.job, seal.category, templateHold(seal.content)]),
      ...candidates.flatMap(({ view, cursor, from, since = from, count, queue }, i) => [
        slotOf.get(view) ?? 0,
        cursor,
        from,
        count,
        queue,
        persons[i] ?? '',
        since,
      ]),
    ],
  );
  if (reply[0] === 'unverified') return 'unverified';
  if (reply[0] !== 'ok') return undefined;
  const offer: Offer = { views, candidates, persons };
  return readAnswer(reply[1], offer, limits, options, { sentUs, receivedUs: clock.monotonicUs() });
}

/** What a take was asked for; `persons` of each candidate as they were sent. */
interface Offer {
  views: readonly JobView[];
  candidates: readonly Candidate[];
  persons: readonly string[];
}

/** One name per row, all of one length; a row whose content is gone has one of its own. */
function personsOf({ jobs, personOf }: TakeOptions, { view, from, count }: Candidate): string {
  let names = '';
  for (let index = from; index < from + count; index++) {
    const row = jobs.row(view, index);
    names += row ? personOf(view.seal.workspace, row[0]) : String(index).padStart(PERSON_LETTERS, '!');
  }
  return names;
}

function readAnswer(
  answer: string,
  offer: Offer,
  limits: readonly Limit[],
  options: TakeOptions,
  { sentUs, receivedUs }: { sentUs: number; receivedUs: number },
): Taken {
  const [now = '', version = '', next = '', binding = '', left = '', number = '', ...grants] =
    answer.split('|');
  const { serverClock } = options;
  serverClock.observe(sentUs, receivedUs, Number(now));
  const runs = grants.join('|');
  return {
    version,
    number: Number(number),
    nextUs: next === '' ? undefined : serverClock.toLocal(Number(next)),
    binding: limits[Number(binding) - 1]?.name ?? (binding === '0' ? '' : binding),
    leftBehind: left === '1',
    grants: runs === '' ? [] : runs.split(';').flatMap((run) => readRun(run, Number(now), offer, options)),
  };
}

function readRun(text: string, nowUs: number, offer: Offer, options: TakeOptions): Grant[] {
  const { serverClock, callDeadlineMs } = options;
  const [slot, run = '', items = ''] = text.split(',');
  const view = offer.views[Number(slot) - 1];
  if (!view) throw new Error('take.lua granted a job that was not offered');
  const attempt = Number(run.slice(run.lastIndexOf(':') + 1));
  return items.split(' ').map((item) => {
    const [index = '', when = ''] = item.split('+');
    const [offset = '', before] = when.split('~');
    const momentUs = nowUs + Number(offset);
    return {
      view,
      index: Number(index),
      try: attempt,
      momentUs: serverClock.toLocal(momentUs),
      run,
      person: personAt(offer, view, Number(index)),
      mark: before === undefined ? '' : `${momentUs + callDeadlineMs * 1_000}.${before}`,
    };
  });
}

/** As it was sent: '' for a row whose content is gone. */
function personAt({ candidates, persons }: Offer, view: JobView, index: number): string {
  const at = candidates.findIndex(
    (candidate) =>
      candidate.view === view && index >= candidate.from && index < candidate.from + candidate.count,
  );
  const start = (index - (candidates[at]?.from ?? 0)) * PERSON_LETTERS;
  const person = persons[at]?.slice(start, start + PERSON_LETTERS) ?? '';
  return person.startsWith('!') ? '' : person;
}
