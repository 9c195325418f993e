// What one lane of one course came to, from the receiver's record and the senders' own clocks. Pure.
import { median } from '../stats.ts';
import type { Call } from './dispatchers.ts';
import type { Condition, Course, LaneCase } from './plan.ts';
import type { NumberView } from './receiver.ts';
import { answerRule, boundNeeded, silenceAfter, useOf } from './use.ts';

/** A takeover is over by then (the lease, upkeep's look, the ticket); what a limit allows meanwhile is not counted. */
export const TAKEOVER_MS = 4_000;
/** Of what the limit leaves under the answer rule, and of the limit itself under a bound. */
const WANTED_SHARE = 0.99;
const WANTED_WITH_BOUND = 0.97;

export interface LaneResult {
  lane: LaneCase;
  processes: number;
  condition: Condition;
  sent: number;
  arrivals: number;
  repeats: number;
  /** Most in any rolling window at the receiver, in the order of the limit's windows. */
  seen: number[];
  violations: number;
  /** Share of the limit, 0…1; undefined where no stretch holds a whole period. */
  use: number | undefined;
  /** What it should reach. */
  wanted: number;
  roundTripMs: number;
  /** For what share of the course the dispatch processes could not run, though nobody had stopped them. */
  stalledShare: number;
  /** The least arrival bound that would have held. */
  boundNeededMs: number;
  /** From each kill or freeze of the lane's own process to its next arrival. */
  takeoversMs: number[];
}

/** Something was done to a process; the limits are excepted for a time from then on. */
export interface Trouble {
  atMs: number;
  /** The lane whose process it was. */
  sender: number;
  exceptedMs: number;
}

export interface Observed {
  course: Course;
  lane: LaneCase;
  sender: number;
  view: NumberView | undefined;
  /** Unix ms, rising. */
  arrivals: readonly number[];
  calls: readonly Call[];
  /** How many messages were posted at once, and then again. */
  batches: readonly number[];
  troubles: readonly Trouble[];
  stalledShare: number;
}

export function resultOf(observed: Observed): LaneResult {
  const { course, lane, sender, view, arrivals, calls, batches, troubles, stalledShare } = observed;
  const [window] = lane.limit.windows;
  const roundTripMs = median(calls.map(({ tookMs }) => tookMs));
  const written = calls.map(({ writtenAtMs }) => writtenAtMs);
  const excepted = troubles.map(({ atMs, exceptedMs }): [number, number] => [atMs, atMs + exceptedMs]);
  const own = troubles.filter((trouble) => trouble.sender === sender);
  return {
    lane,
    processes: course.processes,
    condition: course.condition,
    sent: batches.reduce((sum, count) => sum + count, 0),
    arrivals: arrivals.length,
    repeats: view?.repeats ?? 0,
    seen: lane.limit.windows.map(({ perMs }) => view?.highest[`${perMs}ms`] ?? 0),
    violations: view?.violations.total ?? 0,
    use: useOf(cut(arrivals, batches), window, excepted),
    wanted:
      lane.boundMs === undefined ? WANTED_SHARE * answerRule(window.perMs, roundTripMs) : WANTED_WITH_BOUND,
    roundTripMs,
    stalledShare,
    boundNeededMs: boundNeeded(written, arrivals),
    takeoversMs: own.map(({ atMs }) => silenceAfter(arrivals, atMs, TAKEOVER_MS)),
  };
}

/** The arrivals batch by batch: what lies between two batches was nobody's to use. */
function cut(arrivals: readonly number[], batches: readonly number[]): number[][] {
  const ends = batches.map((_, i) => batches.slice(0, i + 1).reduce((sum, count) => sum + count, 0));
  return batches.map((count, i) => arrivals.slice((ends[i] ?? 0) - count, ends[i]));
}

/** A bound that the machine did not keep was none: what it breaks is not held against us. */
export const isBroken = ({ violations, lane: { boundMs }, boundNeededMs }: LaneResult): boolean =>
  violations > 0 && (boundMs === undefined || boundNeededMs <= boundMs);

export const nameOf = ({ limit, latencyMs, boundMs }: LaneCase): string =>
  `${limit.name} at ${latencyMs} ms${boundMs === undefined ? '' : `, bound ${boundMs} ms`}`;
