// How much of a limit was used, from the moments of arrival alone. Pure.
import type { Window } from './plan.ts';

/** From … to, in the arrivals' own time (ms). */
export type Interval = readonly [number, number];

/**
 * A limit of n per P lets call i + k·n arrive k·P after call i at the earliest. So in a saturated stretch the use is k·P over the time
 * that really lay between them, with the greatest k that the stretch holds. Undefined when no stretch holds a whole period.
 * `excepted` cuts a stretch in two: what lies in it counts neither as use nor as time.
 */
export function useOf(
  stretches: readonly (readonly number[])[],
  { count, perMs }: Window,
  excepted: readonly Interval[] = [],
): number | undefined {
  let allowedMs = 0;
  let tookMs = 0;
  for (const stretch of stretches.flatMap((one) => without(one, excepted))) {
    const periods = Math.floor((stretch.length - 1) / count);
    const [first, last] = [stretch[0], stretch[periods * count]];
    if (periods < 1 || first === undefined || last === undefined) continue;
    allowedMs += periods * perMs;
    tookMs += last - first;
  }
  return tookMs === 0 ? undefined : allowedMs / tookMs;
}

/** The pieces of a stretch outside the excepted intervals. */
function without(stretch: readonly number[], excepted: readonly Interval[]): number[][] {
  const pieces: number[][] = [];
  let place = -1;
  for (const at of stretch) {
    if (excepted.some(([from, to]) => at >= from && at < to)) continue;
    const before = excepted.filter(([, to]) => to <= at).length;
    if (before !== place || pieces.length === 0) pieces.push([]);
    place = before;
    pieces.at(-1)?.push(at);
  }
  return pieces;
}

/** What the answer rule leaves of a limit: one place carries one call per period and round trip. */
export const answerRule = (perMs: number, roundTripMs: number): number => perMs / (perMs + roundTripMs);

/** How long the lane was silent from `atMs` on, in the longest silence that lay around or after it; 0 when it went on. */
export function silenceAfter(arrivals: readonly number[], atMs: number, withinMs: number): number {
  let [longest, until] = [0, atMs];
  for (const [i, at] of arrivals.entries()) {
    const before = arrivals[i - 1];
    if (before === undefined || at < atMs || before > atMs + withinMs) continue;
    if (at - before > longest) [longest, until] = [at - before, at];
  }
  return until - atMs;
}

/** The clocks of two processes of one machine agree this well. */
const CLOCKS_MS = 2;

/**
 * The least arrival bound that would have held: how long after its write a call arrived at most. Calls are matched in order, each with the
 * first arrival that can be its own, so what is missing in the record of a killed process makes the answer too small, never too large.
 */
export function boundNeeded(written: readonly number[], arrivals: readonly number[]): number {
  let most = 0;
  let next = 0;
  for (const at of written) {
    while ((arrivals[next] ?? Number.POSITIVE_INFINITY) < at - CLOCKS_MS) next++;
    const arrival = arrivals[next++];
    if (arrival === undefined) break;
    most = Math.max(most, arrival - at);
  }
  return most;
}
