// What a follower shows the watchdog: an entry at work must end or be tried again, and without one the log must be heard now and then.
import type { Clock } from '../base/clock.ts';
import type { Progress } from '../base/service.ts';
import type { Follower } from './port.ts';

/** A group that turns may be silent for a minute; longer is no turn. */
const SILENCE_US = 75_000_000;

/** `follower` gives undefined before the start. */
export function followerProgress(
  follower: () => Pick<Follower, 'progress'> | undefined,
  clock: Pick<Clock, 'monotonicUs'>,
): Progress {
  return {
    moved: () => {
      const seen = follower()?.progress();
      return seen?.oldestUs ?? seen?.lastAliveUs ?? 0;
    },
    due: async () => {
      const seen = follower()?.progress();
      if (!seen) return false;
      return seen.oldestUs !== undefined || clock.monotonicUs() - seen.lastAliveUs > SILENCE_US;
    },
  };
}
