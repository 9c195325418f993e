// Says whether a home may be worked on after its take found that it stands on a server where nobody has verified it.
import type { Clock } from '../../src/base/clock.ts';
import { messageOf } from '../../src/base/failure.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { Halt } from '../../src/memory/halt.ts';
import type { Memory, Standing } from '../../src/memory/memory.ts';
import type { Seats } from '../../src/memory/seats.ts';
import { hasLost, isNew, type RestoreOptions, restore } from './restore.ts';

/** A seat where Redis itself is the log: whoever comes after an idle day sits down anew. */
const SEAT_MS = 24 * 3_600_000;
/** An emptied Redis has no lane whose take would notice. */
const WATCH_MS = 1_000;
/** While it rebuilds it says so. */
const SAY_MS = 2_000;

export interface Keeper {
  /** Verifies the home's memory; false: it must wait. */
  verify(home: string): Promise<boolean>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * With the log in Redis there is nothing to compare with: what came back is what there is, perhaps from a moment before. Who finds that it
 * was restarted waits a little, and tells meanwhile what it had called.
 */
export function createTrustingKeeper(seats: Seats, logger: Logger): Keeper {
  return {
    verify: async (home) => {
      if ((await seats.sit(home, 0, SEAT_MS)) !== 'moved') return true;
      logger.warn('memory.restarted', { home });
      return false;
    },
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
}

export interface ComparingOptions {
  memory: Memory;
  seats: Seats;
  halt: Halt;
  clock: Clock;
  logger: Logger;
  /** Rebuild by itself when starts are missing; else it stops until somebody has. */
  rebuilds: boolean;
  /** Others that are made for it have so long to look first. */
  patienceMs: number;
  restoring: RestoreOptions;
}

/** With a log of its own: a Redis that is not the verified one is compared with it first. */
export function createComparingKeeper(options: ComparingOptions): Keeper {
  const { memory, seats, clock, logger } = options;
  const stopping = new AbortController();
  let looking: Promise<void> | undefined;
  let watching: Promise<void> | undefined;
  const look = (): Promise<void> => {
    looking ??= compare(options)
      .catch((error: unknown) => logger.warn('memory.unverified', { reason: messageOf(error) }))
      .finally(() => {
        looking = undefined;
      });
    return looking;
  };
  const watch = async (): Promise<void> => {
    let fineUs = clock.monotonicUs();
    while (!stopping.signal.aborted) {
      const fine = await memory.standing().then(isRight, () => true);
      if (fine) fineUs = clock.monotonicUs();
      else if (clock.monotonicUs() - fineUs >= options.patienceMs * 1_000) await look();
      await clock.delay(WATCH_MS, stopping.signal);
    }
  };
  return {
    verify: async (home) => {
      if (isRight(await memory.standing())) return (await seats.sit(home, 0, 0)) !== undefined;
      void look();
      return false;
    },
    start: async () => {
      watching = watch();
    },
    stop: async () => {
      stopping.abort();
      await Promise.race([watching, clock.delay(SAY_MS)]);
    },
  };
}

const isRight = ({ run, verified, lost }: Standing): boolean => run === verified && !lost;

async function compare(options: ComparingOptions): Promise<void> {
  const { memory, halt, logger, rebuilds, restoring } = options;
  if ((await memory.standing()).lost && !rebuilds) return halt.say('memory');
  await memory.alone(async () => {
    const standing = await memory.standing();
    if (isRight(standing)) return;
    if (standing.verified === undefined && (await isNew(restoring))) {
      await memory.confirm(standing.run, new Map());
      return;
    }
    halt.say('memory');
    const lost = await hasLost(restoring, standing);
    if (!lost || rebuilds) return bringBack(options, standing, lost);
    await memory.noteLost(standing.run);
    logger.error('memory.lost', { reason: 'Redis has lost what the log knows; run `sluice rebuild`' });
  });
}

async function bringBack(
  { halt, clock, logger, restoring }: ComparingOptions,
  standing: Standing,
  lost: boolean,
): Promise<void> {
  const done = new AbortController();
  const say = async (): Promise<void> => {
    while (!done.signal.aborted) {
      halt.say('rebuilding');
      await clock.delay(SAY_MS, done.signal);
    }
  };
  const startedUs = clock.monotonicUs();
  logger.warn('memory.comparing', { state: lost ? 'lost' : 'restarted' });
  void say();
  try {
    const right = await restore(restoring, standing, lost);
    const durationMs = Math.round((clock.monotonicUs() - startedUs) / 1_000);
    if (right) logger.warn('memory.verified', { state: lost ? 'rebuilt' : 'same', duration_ms: durationMs });
  } finally {
    done.abort();
  }
}
