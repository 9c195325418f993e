// How soon so many calls can have been made when nothing else uses the limits: a lower bound, so that what it refuses is impossible.
import type { Limit } from '../contract/limit.ts';

/** Milliseconds from the first call to the last of `total`, as the slowest rolling limit allows. */
export const shortestMs = (limits: readonly Limit[], total: number): number =>
  Math.max(0, ...limits.map((limit) => (limit.kind === 'rolling' ? underOne(limit, total) : 0)));

function underOne({ count, perMs, pace }: Extract<Limit, { kind: 'rolling' }>, total: number): number {
  return pace === 'even'
    ? Math.ceil(((total - 1) * perMs) / count)
    : Math.max(0, Math.ceil(total / count) - 1) * perMs;
}
