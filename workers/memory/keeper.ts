// Says whether a home may be worked on after its take found that it stands on a server where nobody has verified it.
import type { Logger } from '../../src/base/logger.ts';
import type { Seats } from '../../src/memory/seats.ts';

/** A seat where Redis itself is the log: whoever comes after an idle day sits down anew. */
const SEAT_MS = 24 * 3_600_000;

export interface Keeper {
  /** Verifies the home's memory; false: it must wait. */
  verify(home: string): Promise<boolean>;
}

/** With the log in Redis there is nothing to compare with: what came back is what there is. */
export function createTrustingKeeper(seats: Seats, logger: Logger): Keeper {
  return {
    verify: async (home) => {
      if ((await seats.sit(home, 0, SEAT_MS)) === 'moved') logger.warn('memory.restarted', { home });
      return true;
    },
  };
}
