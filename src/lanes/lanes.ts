// The store that says who is next in a lane: tickets, turns, and a look at the candidates. Says nothing about when they may go.
import type { Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import { jobOfCursor } from './cursor.ts';
import { type CursorMoves, createCursorMoves } from './cursor-moves.ts';
import { type LaneId, laneKeys, lanesKey } from './keys.ts';
import { stir } from './overdue.ts';

const openScript = loadScript(import.meta.dirname, 'lua/open-turn.lua');
const giveBackScript = loadScript(import.meta.dirname, 'lua/give-back.lua');
const peekScript = loadScript(import.meta.dirname, 'lua/peek.lua');
const parkScript = loadScript(import.meta.dirname, 'lua/park.lua');
const wakeScript = loadScript(import.meta.dirname, 'lua/wake.lua');

/** Items that may wait alone in one lane; above it no new rows are shown until some have gone. */
const LATER_MAX_ITEMS = 50_000;
/** Rows of one job before the next job's turn comes. */
const SHARE_ROWS = 16;

/** Lanes that one script wakes. */
const WAKE_MAX_LANES = 200;

/** A ticket to add; `wakeUs` is when it is due (Redis time, µs). */
export interface Wake {
  n: string;
  wakeUs: number;
}

export type Opened =
  | { state: 'open'; fence: string; nowUs: number; untilUs: number; seen: Candidates }
  | { state: 'stale' | 'leased' };

/** Rows of one job from where its cursor stands; `queue` 1 high, 2 normal, 3 bulk. */
export interface Run {
  job: string;
  cursor: string;
  from: number;
  /** Where its cursor must have come to: `from`, but for rows of other zones between. */
  since?: number;
  /** So many at most; of a cursor for one zone, so many of that zone, before row `due`. */
  count: number;
  /** Rows of the job that are due. */
  due: number;
  queue: number;
}

/** Rows of a job that were started together, for the same try; `name` is how the lane knows them. */
export interface StartedRun {
  name: string;
  job: string;
  from: number;
  to: number;
  try: number;
}

export interface Candidates {
  version: string;
  nowUs: number;
  /** When another look shows more, or must show less; 0 when this one stays true. */
  nextDueUs: number;
  /** Started runs with calls whose deadline has passed without an outcome. */
  overdue: StartedRun[];
  /** `member`: as the lane knows it; `why`: the letter it waits under. */
  later: { member: string; job: string; index: number; why: string }[];
  runs: Run[];
  /** Cursors whose job's time has passed. */
  ended: CursorName[];
  /** Cursors that wait to be told when they are open next. */
  closed: CursorName[];
}

export interface CursorName {
  job: string;
  cursor: string;
}

export type GaveBack = { state: 'gone' | 'continue' } | { state: 'asleep'; wake: Wake | undefined };

/** Until when (Redis time, µs) the limits let nothing go, 0 when they do not bind; `rowsOnly`: what waits alone may go before. */
export interface Limited {
  untilUs: number;
  rowsOnly: boolean;
}

export interface Lanes extends CursorMoves {
  /** Shows at most `rows` candidates at once. `holder`: the lane will wait for places of this process, and is opened as parked. */
  open(lane: LaneId, n: string, owner: string, rows?: number, holder?: string): Promise<Opened>;
  /** Undefined when the turn is lost. */
  peek(lane: LaneId, fence: string, rows: number): Promise<Candidates | undefined>;
  /** Keeps the turn for 20 s while its process waits for places, or until that process (`holder`) is dead. False when the turn is lost. */
  park(lane: LaneId, fence: string, holder: string): Promise<boolean>;
  giveBack(lane: LaneId, fence: string, version: string, limited: Limited): Promise<GaveBack>;
  /** What these senders wait for has changed: tickets, due now, for those of their lanes that sleep with work. */
  wake(home: string, senders: readonly string[]): Promise<{ sender: string; n: string }[]>;
}

export interface LanesOptions {
  redis: Redis;
  namespace: string;
  /** Microseconds for tests; absent: the server's time. */
  testClock?: () => number;
}

export function createLanes({ redis, namespace, testClock }: LanesOptions): Lanes {
  const clockArgument = (): string => (testClock ? testClock().toFixed(0) : '');
  return {
    ...createCursorMoves(redis, namespace),
    open: async (lane, n, owner, rows = 0, holder = '') => {
      const reply = await redis.run<OpenReply>(
        openScript,
        [...lookKeys(namespace, lane), lanesKey(namespace, lane.home)],
        [clockArgument(), n, owner, lane.sender, holder, rows, SHARE_ROWS, LATER_MAX_ITEMS],
      );
      if (reply[0] !== 'open') return { state: reply[0] };
      const [state, fence, now, until, seen] = reply;
      return { state, fence, nowUs: Number(now), untilUs: Number(until), seen: readCandidates(seen) };
    },
    peek: async (lane, fence, rows) => {
      const reply = await redis.run<PeekReply>(peekScript, lookKeys(namespace, lane), [
        clockArgument(),
        fence,
        rows,
        SHARE_ROWS,
        LATER_MAX_ITEMS,
      ]);
      return reply[0] === 'ok' ? readCandidates(reply) : undefined;
    },
    park: async (lane, fence, holder) => {
      const keys = laneKeys(namespace, lane);
      const args = [clockArgument(), fence, lane.sender, holder];
      return (await redis.run<number>(parkScript, [keys.lane, keys.lanes], args)) === 1;
    },
    giveBack: async (lane, fence, version, limited) => {
      const keys = laneKeys(namespace, lane);
      const reply = await redis.run<string[]>(
        giveBackScript,
        [keys.lane, keys.lanes, keys.fly, keys.later, keys.scheduled, ...keys.queues, keys.cursors],
        [
          clockArgument(),
          fence,
          version,
          lane.sender,
          limited.untilUs.toFixed(0),
          limited.rowsOnly ? '1' : '0',
        ],
      );
      if (reply[0] !== 'asleep') return { state: reply[0] as 'gone' | 'continue' };
      return { state: 'asleep', wake: wakeOf(String(reply[1]), String(reply[2])) };
    },
    wake: async (home, senders) => {
      const woken: { sender: string; n: string }[] = [];
      for (let i = 0; i < senders.length; i += WAKE_MAX_LANES) {
        const some = senders.slice(i, i + WAKE_MAX_LANES);
        stir(redis, namespace, home);
        const lanes = some.flatMap((sender) => {
          const keys = laneKeys(namespace, { home, sender });
          return [keys.lane, keys.cursors, keys.scheduled, keys.later];
        });
        const reply = await redis.run<string[]>(
          wakeScript,
          [lanesKey(namespace, home), ...lanes],
          [clockArgument(), ...some],
        );
        woken.push(...ticketsOf(some, reply));
      }
      return woken;
    },
  };
}

/** What a script says of the ticket it numbered: undefined when none is needed. */
export const wakeOf = (n: string, wakeUs: string): Wake | undefined =>
  n === '0' ? undefined : { n, wakeUs: Number(wakeUs) };

type OpenReply =
  | [state: 'open', fence: string, now: string, until: string, seen: PeekReply]
  | [state: 'stale' | 'leased'];

/** The keys that a look at a lane reads, as peek.lua names them. */
function lookKeys(namespace: string, lane: LaneId): string[] {
  const keys = laneKeys(namespace, lane);
  return [keys.lane, keys.fly, keys.later, keys.scheduled, keys.cursors, ...keys.queues];
}

type PeekReply = [
  state: string,
  version: string,
  now: string,
  due: string,
  overdue: string[],
  later: string[],
  runs: string[],
  ended: string[],
  closed: string[],
];

function readCandidates([, version, now, due, overdue, later, runs, ended, closed]: PeekReply): Candidates {
  const candidates: Candidates = {
    version,
    nowUs: Number(now),
    nextDueUs: Number(due),
    overdue: overdue.map((name) => {
      const [job = '', from, to, attempt] = name.split(':');
      return { name, job, from: Number(from), to: Number(to), try: Number(attempt) };
    }),
    later: later.map((member) => {
      const [job = '', index, why = ''] = member.split(':');
      return { member, job, index: Number(index), why };
    }),
    runs: [],
    ended: ended.map(cursorName),
    closed: closed.map(cursorName),
  };
  for (let i = 0; i < runs.length; i += 6) {
    candidates.runs.push({
      job: String(runs[i]),
      cursor: String(runs[i + 1]),
      from: Number(runs[i + 2]),
      count: Number(runs[i + 3]),
      queue: Number(runs[i + 4]),
      due: Number(runs[i + 5]),
    });
  }
  return candidates;
}

const cursorName = (cursor: string): CursorName => ({ job: jobOfCursor(cursor), cursor });

const ticketsOf = (senders: readonly string[], tickets: readonly string[]) =>
  senders.map((sender, i) => ({ sender, n: String(tickets[i]) })).filter(({ n }) => n !== '0');
