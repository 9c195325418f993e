// Says over and over that this process lives, so that the lanes it has parked stay its own.
import type { Clock } from '../../src/base/clock.ts';
import type { Holders } from '../../src/lanes/holders.ts';

/** Several times in the 2 s after which a silent process counts as dead. */
const BEAT_MS = 500;

export interface Heart {
  /** The process, as the lanes know it. */
  readonly holder: string;
  start(): void;
  /** Its lanes must be given back before. */
  stop(): Promise<void>;
}

export function createHeart(holders: Holders, clock: Clock): Heart {
  const holder = clock.randomHex(8);
  const stopping = new AbortController();
  let beating: Promise<void> | undefined;
  const beat = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      // Redis may be away; the next beat comes soon.
      await holders.beat(holder).catch(() => {});
      await clock.delay(BEAT_MS, stopping.signal);
    }
    await holders.leave(holder).catch(() => {});
  };
  return {
    holder,
    start: () => {
      beating = beat();
    },
    stop: async () => {
      stopping.abort();
      await beating;
    },
  };
}
