// Brings outcomes home, in batches per lane. An outcome is a fact: it is kept until Redis has it.
import type { Redis } from '../../src/base/redis.ts';
import { loadScript } from '../../src/base/script.ts';
import type { Limit } from '../../src/contract/limit.ts';
import { type LaneId, laneKeys } from '../../src/lanes/keys.ts';
import { type Wake, wakeOf } from '../../src/lanes/lanes.ts';
import { chunkKeys, jobKeys, outboxKeys } from '../../src/ledger/keys.ts';
import { type Result, resultLine } from '../../src/ledger/results.ts';
import { chunkOf, chunkRange } from '../../src/ledger/row.ts';
import { seatKey } from '../../src/memory/keys.ts';
import { holdsKey } from '../../src/pacing/keys.ts';
import { LIMIT_LINGER_MS, limitArguments, limitKeyList } from '../../src/pacing/limits.ts';
import { type HoldOrder, templateHold } from './holds.ts';
import type { JobView } from './jobs.ts';

const settleScript = loadScript(import.meta.dirname, 'lua/settle.lua');
/** Outcomes in one script. */
export const SETTLE_MAX = 128;

/** What became of one started item. Times are server time, µs. */
export interface Outcome {
  view: JobView;
  index: number;
  try: number;
  /** The started run it belongs to. */
  run: string;
  /** a accepted, f failed, u unknown, q back to the lane. */
  to: 'a' | 'f' | 'u' | 'q';
  /** Whether a byte was written: only then is the limit's place used up. */
  written: boolean;
  /** Whether it counts as an attempt, and after how many `q` becomes `f` (0: never). */
  counts: boolean;
  maxAttempts: number;
  /** When its place was counted at the latest: the answer, or the bound of its arrival. It is free one period later. */
  endedUs: number;
  /** When an item that goes back may be tried again. */
  dueUs: number;
  /** Why it waits when it goes back: p for its pair, u for its person, r to be tried again. */
  why: 'p' | 'u' | 'r';
  /** The platform said that there were too many. */
  throttled: boolean;
  /** '' when nobody knows. */
  person: string;
  /** As in the grant. */
  mark: string;
  /** What must wait beside it. */
  hold?: HoldOrder | undefined;
  result: Result;
}

/** A chunk of which nothing is queued or sending any more. */
export interface WholeChunk {
  view: JobView;
  n: number;
}

export interface Settled {
  wake: Wake | undefined;
  whole: WholeChunk[];
  moved: number;
}

/** Repeatable: an item that has moved already does not move again. `unverified`: the home's memory must be verified first, and nothing was done. */
export async function settle(
  redis: Redis,
  namespace: string,
  lane: LaneId,
  limits: readonly Limit[],
  outcomes: readonly Outcome[],
  /** Letters of what customers want to be told; '' = nothing. */
  letters = '',
  patienceMs?: number,
): Promise<Settled | 'unverified'> {
  const keys = laneKeys(namespace, lane);
  const views = [...new Set(outcomes.map(({ view }) => view))];
  const chunks = chunksOf(outcomes);
  const slots = { chunks: slotsOf(chunks.keys()), runs: slotsOf(outcomes.map(({ run }) => run)) };
  const reply = await redis.run<['unverified'] | [string, string, string, number]>(
    settleScript,
    [
      keys.lane,
      keys.lanes,
      keys.fly,
      keys.later,
      keys.flying,
      holdsKey(namespace, lane.home),
      seatKey(namespace, lane.home),
      ...limitKeyList(namespace, lane, limits),
      ...views.flatMap(({ seal }) => {
        const job = jobKeys(namespace, lane.home, seal.job, seal.fingerprint);
        return [job.row, job.statuses, job.tries, job.uncounted];
      }),
      ...[...chunks.values()].map(
        ({ view: { seal }, n }) => chunkKeys(namespace, lane.home, seal.job, seal.fingerprint, n).results,
      ),
      outboxKeys(namespace, lane.home).outbox,
    ],
    [
      '',
      lane.sender,
      LIMIT_LINGER_MS,
      letters,
      ...limitArguments(limits, lane.sender),
      views.length,
      ...views.flatMap(({ seal }) => [seal.job, seal.dies_at, templateHold(seal.content)]),
      chunks.size,
      ...[...chunks.values()].flatMap(({ view, n }) => {
        const { first, last } = chunkRange(view.seal, n);
        return [views.indexOf(view) + 1, first, last];
      }),
      slots.runs.size,
      ...slots.runs.keys(),
      ...holdArguments(outcomes),
      ...outcomeArguments(outcomes, slots),
    ],
    patienceMs,
  );
  if (reply.length === 1) return 'unverified';
  const all = [...chunks.values()];
  return {
    wake: wakeOf(reply[0], reply[1]),
    whole: reply[2] === '' ? [] : reply[2].split(',').flatMap((slot) => all[Number(slot) - 1] ?? []),
    moved: reply[3],
  };
}

const chunkNumber = ({ view, index }: Pick<Outcome, 'view' | 'index'>): number => chunkOf(view.seal, index);

const chunkId = (outcome: Pick<Outcome, 'view' | 'index'>): string =>
  `${outcome.view.seal.job}:${chunkNumber(outcome)}`;

function chunksOf(outcomes: readonly Outcome[]): Map<string, WholeChunk> {
  const chunks = new Map<string, WholeChunk>();
  for (const outcome of outcomes) {
    const id = chunkId(outcome);
    if (!chunks.has(id)) chunks.set(id, { view: outcome.view, n: chunkOf(outcome.view.seal, outcome.index) });
  }
  return chunks;
}

/** Distinct names → 1, 2, 3 … */
const slotsOf = (names: Iterable<string>): Map<string, number> =>
  new Map([...new Set(names)].map((name, i) => [name, i + 1]));

interface Slots {
  chunks: ReadonlyMap<string, number>;
  runs: ReadonlyMap<string, number>;
}

/**
 * Two arguments for neighbours that are alike: what they have in common, and what they have not. Fifteen fields of each cost more to send
 * and to read than the rest of the script.
 */
function outcomeArguments(outcomes: readonly Outcome[], slots: Slots): string[] {
  const args: string[] = [];
  let group: Outcome | undefined;
  let body = '';
  for (const outcome of outcomes) {
    if (!group || !isAlike(group, outcome)) {
      if (group) args.push(body);
      args.push(inCommon(outcome, slots));
      group = outcome;
      body = '';
    }
    const { index, endedUs, person, mark, result } = outcome;
    body += `${index},${endedUs.toFixed(0)},${person},${mark},${resultLine(result)}`;
  }
  args.push(body);
  return args;
}

const isAlike = (a: Outcome, b: Outcome): boolean =>
  a.run === b.run &&
  a.view === b.view &&
  a.to === b.to &&
  a.try === b.try &&
  a.written === b.written &&
  a.counts === b.counts &&
  a.maxAttempts === b.maxAttempts &&
  a.dueUs === b.dueUs &&
  a.why === b.why &&
  a.throttled === b.throttled &&
  chunkNumber(a) === chunkNumber(b);

const inCommon = (outcome: Outcome, slots: Slots): string =>
  [
    slots.chunks.get(chunkId(outcome)) ?? 0,
    slots.runs.get(outcome.run) ?? 0,
    outcome.try,
    outcome.to,
    outcome.written ? 1 : 0,
    outcome.counts ? 1 : 0,
    outcome.maxAttempts,
    outcome.dueUs.toFixed(0),
    outcome.why,
    outcome.throttled ? 1 : 0,
  ].join();

/** Calls that were under way together say the same: the first of each field is enough. */
function holdArguments(outcomes: readonly Outcome[]): (string | number)[] {
  const orders = new Map<string, HoldOrder>();
  for (const { hold } of outcomes) if (hold && !orders.has(hold.field)) orders.set(hold.field, hold);
  const us = (ms: number): string => (ms * 1_000).toFixed(0);
  return [
    orders.size,
    ...[...orders.values()].map(({ field, code, atLeastMs, baseMs, capMs, share }) =>
      [code, us(atLeastMs), us(baseMs), us(capMs), share.toFixed(6), field].join(),
    ),
  ];
}
