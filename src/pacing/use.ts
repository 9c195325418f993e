// How much of a limit is used: one shape, read from Redis by the API and from the plain model by tests, and what a forecast starts from.
import type { Limit } from '../contract/limit.ts';

/** Places that come free together. */
export interface Release {
  atUs: number;
  count: number;
}

export interface LimitUse {
  limit: Limit;
  /** Its count for now: less than the account's while the platform refuses, or while places are left to what comes in. */
  count: number;
  /** Places (people, of a unique limit) held by calls under way. */
  held: number;
  /** The taken places by when they come free, rising. */
  releases: Release[];
  /** Next moment of the even grid; 0 where there is none. */
  gridUs: number;
  /** Nothing goes before. */
  closedUs: number;
}

/** Places that are taken or held at a moment, whatever the limit's count. */
export const usedOf = ({ held, releases }: LimitUse, nowUs: number): number =>
  releases.reduce((sum, { atUs, count }) => (atUs > nowUs ? sum + count : sum), held);

/** When one more call can go: now, at a time, or undefined: when a call under way ends. */
export function nextFreeUs(use: LimitUse, nowUs: number): number | undefined {
  const { limit, releases, gridUs, closedUs } = use;
  let atUs = Math.max(nowUs, closedUs);
  if (limit.kind === 'rolling' && limit.pace === 'even') atUs = Math.max(atUs, gridUs);
  let missing = usedOf(use, nowUs) + 1 - use.count;
  for (const release of releases) {
    if (missing <= 0) break;
    if (release.atUs <= nowUs) continue;
    missing -= release.count;
    atUs = Math.max(atUs, release.atUs);
  }
  return missing > 0 ? undefined : atUs;
}
