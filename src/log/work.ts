// One delivered entry, from its delivery to the moment it may be committed; the same for every adapter.
// An outage makes it wait, for ever if need be; only what can never be read is parked, after its owner was told.
import { type Backoff, backoffMs } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { Failure, messageOf } from '../base/failure.ts';
import type { Logger } from '../base/logger.ts';
import { parked } from './entry.ts';
import type { DeliveredEntry, Follower, FollowOptions, LogEntry } from './port.ts';

/** Short at first, because most outages are; the cap is how late work goes on after a long one. */
export const RETRY: Backoff = { baseMs: 50, capMs: 2_000 };

const REASON_SHOWN_CHARS = 200;

export interface WorkContext {
  clock: Clock;
  logger: Logger;
  /** Puts one entry into `dead`. */
  park(entry: LogEntry): Promise<unknown>;
}

export interface Work {
  /** Resolves with true when the entry is done with and may be committed; false when `signal` ended its repeats. */
  finish(entry: DeliveredEntry, signal: AbortSignal): Promise<boolean>;
  /** Repeats `step` with backoff until it succeeds. At least one try, so that a stop still commits what is done. */
  repeat(step: () => Promise<void>, signal: AbortSignal): Promise<boolean>;
  /** A sign of life: the log answered. */
  alive(): void;
  progress: Follower['progress'];
}

export function createWork(options: FollowOptions, { clock, logger, park }: WorkContext): Work {
  const { topic, group } = options;
  let handled = 0;
  let lastAliveUs = clock.monotonicUs();
  /** Entries at work, by when one was last tried. */
  const atWork = new Map<DeliveredEntry, number>();
  const alive = () => {
    lastAliveUs = clock.monotonicUs();
  };

  const repeat: Work['repeat'] = async (step, signal) => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await step();
        alive();
        return true;
      } catch (error) {
        alive();
        if (signal.aborted) return false;
        logger.warn('log.work_delayed', { topic, group, count: attempt + 1, reason: shown(error) });
      }
      await clock.delay(backoffMs(RETRY, attempt, clock.random), signal);
      if (signal.aborted) return false;
    }
  };

  const bury = async (entry: DeliveredEntry, reason: string, signal: AbortSignal): Promise<boolean> => {
    if (!(await repeat(async () => options.onParked?.(entry, reason), signal))) return false;
    // An entry of `dead` that cannot be handled is passed by: parked again, it would come back for ever.
    if (topic !== 'dead' && !(await repeat(async () => void (await park(parked(entry, reason))), signal)))
      return false;
    logger.error('log.entry_parked', {
      topic,
      group,
      code: entry.position,
      reason: reason.slice(0, REASON_SHOWN_CHARS),
    });
    return true;
  };

  const finish = async (entry: DeliveredEntry, signal: AbortSignal): Promise<boolean> => {
    let unreadable: string | undefined;
    const answered = await repeat(async () => {
      atWork.set(entry, clock.monotonicUs());
      unreadable = await handleOnce(options, entry);
    }, signal);
    if (!answered) return false;
    if (unreadable !== undefined && !(await bury(entry, unreadable, signal))) return false;
    handled += 1;
    return true;
  };

  return {
    repeat,
    alive,
    progress: () => ({
      handled,
      lastAliveUs,
      oldestUs: atWork.size > 0 ? Math.min(...atWork.values()) : undefined,
    }),
    finish: async (entry, signal) => {
      try {
        return await finish(entry, signal);
      } finally {
        atWork.delete(entry);
      }
    },
  };
}

/** The reason why the entry can never be handled; undefined when it was. */
async function handleOnce(options: FollowOptions, entry: DeliveredEntry): Promise<string | undefined> {
  try {
    await options.handle(entry);
    return undefined;
  } catch (error) {
    if (error instanceof Failure && error.repeat === 'never') return error.message;
    throw error;
  }
}

export const shown = (error: unknown): string => messageOf(error).slice(0, REASON_SHOWN_CHARS);

/** `failed` of a follower, and how to reject it. Never an unhandled rejection: who does not listen is not killed by it. */
export function createFailed(): { failed: Promise<never>; fail(error: unknown): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  return { failed: promise, fail: reject };
}
