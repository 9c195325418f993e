// How many recipients may wait: so many of one workspace, so many in all. What waits is read from the rows of the jobs that are open, now and
// then, and what this process has let in since is added; so several API processes together may let in what each takes in a second too much.
import type { Accounts } from '../accounts/port.ts';
import type { Clock } from '../base/clock.ts';
import { Failure } from '../base/failure.ts';
import { ask, type Redis } from '../base/redis.ts';
import { jobRowKey, openJobsKey } from '../ledger/keys.ts';

/** A reading is good for this long, and for as many times the time it took: a fiftieth of Redis' time at most. */
const FRESH_MS = 1_000;
const PAUSE_TIMES = 50;
/** Jobs in one round trip. */
const PAGE_JOBS = 1_000;
/** Who is refused comes back after this, when nobody can foresee how fast the backlog falls; and within these, when it is. */
const RETRY_DEFAULT_MS = 60_000;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 3_600_000;

export interface Backlog {
  /** Lets `count` recipients in, or throws `backlog_full` with the time after which there should be room. The answer is called when they are stored, or never will be. */
  admit(workspace: string, count: number): Promise<() => void>;
}

/** Ms until `count` of what waits, by home, will have gone; undefined: nobody can say. */
export type Relief = (waiting: ReadonlyMap<string, number>, count: number) => Promise<number | undefined>;

export interface BacklogOptions {
  redis: Redis;
  namespace: string;
  clock: Clock;
  accounts: Pick<Accounts, 'homes'>;
  workspaceMax: number;
  totalMax: number;
  relief: Relief;
}

/** What was let in between two readings; `open`: how much of it is not stored yet. */
interface Span {
  admitted: Map<string, number>;
  open: number;
}

interface Reading {
  waiting: Map<string, number>;
  /** Of each workspace, by home. */
  homes: Map<string, ReadonlyMap<string, number>>;
  atUs: number;
  /** Monotonic µs until which it is good. */
  goodUntilUs: number;
  /** Recipients a second that left between the reading before and this one. */
  leftPerSecond: number;
}

interface State {
  reading: Reading | undefined;
  spans: Span[];
  reads: Promise<void> | undefined;
  /** What was foreseen last, by whose it is: a flood of refusals asks once for each reading. */
  foreseen: WeakMap<Reading, Map<string, Promise<number | undefined>>>;
}

/** There is no room. */
interface Full {
  whose: string | undefined;
  above: number;
}

export function createBacklog(options: BacklogOptions): Backlog {
  const state: State = {
    reading: undefined,
    spans: [{ admitted: new Map(), open: 0 }],
    reads: undefined,
    foreseen: new WeakMap(),
  };
  return {
    admit: async (workspace, count) => {
      await refresh(options, state);
      const full = isFull(options, state, workspace, count);
      if (full) throw await refusal(options, state, full);
      const span = state.spans.at(-1) as Span;
      span.admitted.set(workspace, (span.admitted.get(workspace) ?? 0) + count);
      span.open += 1;
      return () => {
        span.open -= 1;
      };
    },
  };
}

/** Reads anew when it is time, one reading at once. Only the first is waited for: later ones go on beside the accepts. */
async function refresh(options: BacklogOptions, state: State): Promise<void> {
  if (state.reading && options.clock.monotonicUs() < state.reading.goodUntilUs) return;
  const reads = readOnce(options, state);
  if (state.reading) reads.catch(() => {});
  else await reads;
}

function readOnce(options: BacklogOptions, state: State): Promise<void> {
  state.reads ??= read(options, state).finally(() => {
    state.reads = undefined;
  });
  return state.reads;
}

function isFull(
  { workspaceMax, totalMax }: BacklogOptions,
  state: State,
  own: string,
  count: number,
): Full | undefined {
  const waiting = (workspace?: string): number => {
    const maps = [
      state.reading?.waiting ?? new Map<string, number>(),
      ...state.spans.map((one) => one.admitted),
    ];
    return maps.reduce(
      (sum, map) => sum + (workspace === undefined ? sumOf(map) : (map.get(workspace) ?? 0)),
      0,
    );
  };
  const ownAbove = waiting(own) + count - workspaceMax;
  if (ownAbove > 0) return { whose: own, above: ownAbove };
  const allAbove = waiting() + count - totalMax;
  return allAbove > 0 ? { whose: undefined, above: allAbove } : undefined;
}

async function refusal(options: BacklogOptions, state: State, { whose, above }: Full): Promise<Failure> {
  const rate = state.reading?.leftPerSecond ?? 0;
  const measuredMs = rate > 0 ? (above / rate) * 1_000 : RETRY_DEFAULT_MS;
  const afterMs = (await foresee(options, state, whose, above).catch(() => undefined)) ?? measuredMs;
  return new Failure({
    code: 'backlog_full',
    message: `${whose === undefined ? 'In all' : 'Of this workspace'} as many messages wait as may: come back when some have gone.`,
    repeat: 'safe',
    retryAfterMs: Math.min(RETRY_MAX_MS, Math.max(RETRY_MIN_MS, afterMs)),
  });
}

/** Asked once for each reading and doubling of what is above: the first to ask is an answer for the others. */
async function foresee(
  options: BacklogOptions,
  state: State,
  whose: string | undefined,
  above: number,
): Promise<number | undefined> {
  const homesIn = (reading: Reading | undefined) =>
    [...(reading?.homes ?? [])].filter(
      ([workspace, { size }]) => size > 0 && (workspace === whose || whose === undefined),
    );
  // All that waits was let in since the last reading.
  if (homesIn(state.reading).length === 0) await readOnce(options, state);
  const { reading, foreseen } = state;
  if (!reading) return undefined;
  const homes = homesIn(reading);
  const known = foreseen.get(reading) ?? new Map<string, Promise<number | undefined>>();
  foreseen.set(reading, known);
  const step = 2 ** Math.ceil(Math.log2(above));
  const name = `${step} ${whose ?? ''}`;
  const asked = known.get(name) ?? options.relief(new Map(homes.flatMap(([, some]) => [...some])), above);
  known.set(name, asked);
  return asked;
}

const sumOf = (map: ReadonlyMap<string, number>): number =>
  [...map.values()].reduce((sum, one) => sum + one, 0);

async function read(options: BacklogOptions, state: State): Promise<void> {
  const { clock, accounts } = options;
  const beganUs = clock.monotonicUs();
  // What was let in before and is stored by now is in the rows that are read.
  const before = state.spans;
  const seen = before.filter(({ open }) => open === 0);
  state.spans = [...before, { admitted: new Map(), open: 0 }];
  const waiting = new Map<string, number>();
  const homes = new Map<string, ReadonlyMap<string, number>>();
  for (const workspace of new Set(accounts.homes().map((one) => one.workspace))) {
    const own = await waitingOf(options, workspace);
    homes.set(workspace, own);
    waiting.set(workspace, sumOf(own));
  }
  const came = seen.reduce((sum, { admitted }) => sum + sumOf(admitted), 0);
  state.spans = state.spans.filter((span) => !seen.includes(span));
  const last = state.reading;
  const seconds = last ? (beganUs - last.atUs) / 1_000_000 : 0;
  const left = last ? sumOf(last.waiting) + came - sumOf(waiting) : 0;
  const tookUs = clock.monotonicUs() - beganUs;
  state.reading = {
    waiting,
    homes,
    atUs: beganUs,
    goodUntilUs: clock.monotonicUs() + Math.max(FRESH_MS * 1_000, PAUSE_TIMES * tookUs),
    leftPerSecond: seconds > 0 ? Math.max(0, left / seconds) : 0,
  };
}

/** What waits of one workspace, by home. Jobs that have ended are taken off the list. */
async function waitingOf(
  { redis, namespace }: BacklogOptions,
  workspace: string,
): Promise<Map<string, number>> {
  const key = openJobsKey(namespace, workspace);
  const ended: string[] = [];
  const waiting = new Map<string, number>();
  for (let from = 0; ; from += PAGE_JOBS) {
    const page = await ask(
      redis.client.zrange(key, String(from), String(from + PAGE_JOBS - 1), 'WITHSCORES'),
    );
    const jobs = Array.from(
      { length: page.length / 2 },
      (_, i) => [String(page[2 * i]), Number(page[2 * i + 1])] as const,
    );
    const rows = await Promise.all(
      jobs.map(([member]) => ask(redis.client.hmget(rowOf(namespace, member), ...FIELDS))),
    );
    for (const [i, [member, total]] of jobs.entries()) {
      const left = leftOf(rows[i] ?? [], total);
      if (left === undefined) ended.push(member);
      const [, home = ''] = member.split(' ');
      waiting.set(home, (waiting.get(home) ?? 0) + (left ?? 0));
    }
    if (jobs.length < PAGE_JOBS) break;
  }
  for (let i = 0; i < ended.length; i += PAGE_JOBS)
    await ask(redis.client.zrem(key, ...ended.slice(i, i + PAGE_JOBS)));
  return waiting;
}

const FIELDS = ['state', 'n:q', 'n:s'];
const ENDED = new Set(['completed', 'canceled', 'expired', 'incomplete']);

/** Undefined: the job has ended, or is gone. */
function leftOf([jobState, queued, sending]: (string | null)[], total: number): number | undefined {
  const left = jobState === 'accepted' ? total : Number(queued ?? 0) + Number(sending ?? 0);
  return !jobState || (left === 0 && ENDED.has(jobState)) ? undefined : left;
}

function rowOf(namespace: string, member: string): string {
  const [job = '', home = ''] = member.split(' ');
  return jobRowKey(namespace, home, job);
}
