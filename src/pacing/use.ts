// How much of a limit is used: one shape, read from Redis by the API and from the plain model by tests, and what a forecast starts from.
import type { Limit } from '../contract/limit.ts';

/** Places that come free together. */
export interface Release {
  atUs: number;
  count: number;
}

export interface LimitUse {
  limit: Limit;
  /** Places (people, of a unique limit) held by calls under way. */
  held: number;
  /** The taken places by when they come free, rising. */
  releases: Release[];
  /** Next moment of the even grid; 0 where there is none. */
  gridUs: number;
}

/** Places that are taken or held at a moment, whatever the limit's count. */
export const usedOf = ({ held, releases }: LimitUse, nowUs: number): number =>
  releases.reduce((sum, { atUs, count }) => (atUs > nowUs ? sum + count : sum), held);
