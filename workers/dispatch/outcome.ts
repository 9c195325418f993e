// A platform's verdict on one call → what happens to the item. Pure.
import { type Later, type Moves, type Sent, waitMs } from '../../src/platforms/port.ts';
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
  random: () => number,
): Outcome {
  const { view, index } = grant;
  const base = {
    view,
    index,
    try: grant.try,
    run: grant.run,
    written: writtenAtUs !== undefined,
    endedUs: times.countedUs,
    dueUs: 0,
    maxAttempts: 0,
    why: 'r' as const,
    throttled: false,
    person: grant.person,
    mark: grant.mark,
  };
  const error = (code: string, message: string) => ({
    index,
    atMs: times.atMs,
    providerId: null,
    error: { code, message },
  });
  switch (verdict.outcome) {
    case 'accepted':
      return {
        ...base,
        to: 'a',
        counts: true,
        result: { index, atMs: times.atMs, providerId: verdict.providerId, error: null },
      };
    case 'failed':
      return { ...base, to: 'f', counts: true, result: error(verdict.code, verdict.message) };
    case 'unknown':
      return { ...base, to: 'u', counts: true, result: error(verdict.code, verdict.message) };
    case 'later': {
      // The number of earlier tries sets the backoff; an uncounted try waits just as long as a counted one.
      const delayMs = waitsByItself(verdict) ? waitMs(verdict.wait, grant.try - 1, random) : 0;
      return {
        ...base,
        to: 'q',
        counts: verdict.counts,
        maxAttempts: verdict.maxAttempts ?? 0,
        dueUs: times.endedUs + delayMs * 1_000,
        why: whyOf(verdict.moves),
        throttled: verdict.throttled && verdict.moves === 'sender',
        result: error(verdict.code, verdict.message),
      };
    }
  }
}

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
