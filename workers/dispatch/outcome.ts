// A platform's verdict on one call → what happens to the item. Pure.
import { type Later, type Moves, type Sent, waitMs } from '../../src/platforms/port.ts';
import type { HoldOrder } from './holds.ts';
import type { Outcome } from './settle.ts';
import type { Grant } from './take.ts';

export interface Times {
  /** When the call ended, server time µs. */
  endedUs: number;
  /** When the platform had counted it at the latest, server time µs: its place is taken until one period later. */
  countedUs: number;
  /** Unix ms, for the item's record. */
  atMs: number;
}

export function outcomeOf(
  grant: Grant,
  { verdict, writtenAtUs }: Sent,
  times: Times,
  hold: HoldOrder | undefined,
  random: () => number,
): Outcome {
  const { view, index } = grant;
  // One object for each message, filled in place: what is copied here is copied ten thousand times a second.
  const outcome: Outcome = {
    view,
    index,
    try: grant.try,
    run: grant.run,
    to: 'a',
    written: writtenAtUs !== undefined,
    counts: true,
    maxAttempts: 0,
    endedUs: times.countedUs,
    dueUs: 0,
    why: 'r',
    throttled: false,
    person: grant.person,
    mark: grant.mark,
    hold,
    result: { index, atMs: times.atMs, providerId: null, error: null },
  };
  if (verdict.outcome === 'accepted') {
    outcome.result.providerId = verdict.providerId;
    return outcome;
  }
  outcome.to = LETTERS[verdict.outcome];
  outcome.result.error = { code: verdict.code, message: verdict.message };
  if (verdict.outcome !== 'later') return outcome;
  // The number of earlier tries sets the backoff; an uncounted try waits just as long as a counted one.
  const delayMs = waitsByItself(verdict) ? waitMs(verdict.wait, grant.try - 1, random) : 0;
  outcome.counts = verdict.counts;
  outcome.maxAttempts = verdict.maxAttempts ?? 0;
  outcome.dueUs = times.endedUs + delayMs * 1_000;
  outcome.why = whyOf(verdict.moves);
  outcome.throttled = verdict.throttled && verdict.moves === 'sender';
  return outcome;
}

const LETTERS = { failed: 'f', unknown: 'u', later: 'q' } as const;

/**
 * When the platform had counted a call at the latest: at its answer. Where its network is known, `arrivalBoundMs` after the write, if that
 * comes first: then a place costs the bound and not the round trip. A call that was never written counts nowhere.
 */
export function countedAtUs(
  { writtenAtUs, endedAtUs }: Pick<Sent, 'writtenAtUs' | 'endedAtUs'>,
  arrivalBoundMs: number | undefined,
): number {
  if (writtenAtUs === undefined || arrivalBoundMs === undefined) return endedAtUs;
  return Math.min(endedAtUs, writtenAtUs + arrivalBoundMs * 1_000);
}

/** Who waits tells why: the letter behind its name in the lane's later set. */
function whyOf(moves: Moves): Outcome['why'] {
  if (moves === 'pair') return 'p';
  return moves === 'recipient' ? 'u' : 'r';
}

/** What is held waits there and not by itself, so that it goes with the first when the hold ends. */
const waitsByItself = ({ moves, throttled }: Later): boolean =>
  throttled || moves === 'item' || moves === 'pair' || moves === 'recipient';
