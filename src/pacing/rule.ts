// What the plain model asks of a rule: when one more call may go, and what a call takes and gives back.
import type { Limit } from '../contract/limit.ts';
import type { LimitUse } from './use.ts';

/** A moment that only the end of a call can tell. */
export const UNKNOWN = Number.POSITIVE_INFINITY;

export interface Candidate {
  person: string;
  /** Inside the customer service window: needs no place of a unique limit, and takes none. */
  exempt: boolean;
}

/** `sent`: the platform has it, or may have it; `refused`: the platform said no; `unsent`: never written. */
export interface End {
  call: number;
  outcome: 'sent' | 'refused' | 'unsent';
  /** The answer; its write plus the arrival bound where that is earlier; the deadline of a call without an answer. */
  endedUs: number;
}

export interface Rule {
  change(limit: Limit, nowUs: number): void;
  /** The first moment at which one more call to this person may go. */
  firstUs(who: Candidate, nowUs: number): number;
  /** Takes the place whose moment was just asked. */
  take(who: Candidate, nowUs: number): void;
  end(who: Candidate, end: End): void;
  use(nowUs: number): LimitUse;
  readonly limit: Limit;
}
