// When upkeep looks at which home: when something there must have happened, when a hint says so, and all homes in slices within half a minute,
// because a hint may be lost. A home where nothing is due costs nothing in between. Pure; times are Redis time, µs.

/** Every home is looked at once in this time, whatever was seen and told of it. */
const ROUND_US = 30_000_000;
/** So few homes are looked at each time. */
const SLICE_MIN_HOMES = 16;
/** A home whose tickets wait in the queue is looked at again after as long as they are late, between these. */
const AGAIN_MIN_US = 500_000;
const AGAIN_MAX_US = 5_000_000;

export interface Rounds {
  /** The homes to look at now. `hints` are homes where something may be due sooner than was seen. */
  next(homes: readonly string[], hints: readonly string[], nowUs: number): string[];
  /** This home has nothing due before `dueUs`; undefined: it has no work at all. */
  saw(home: string, dueUs: number | undefined): void;
  /** What is due in this home since `sinceUs` has a ticket that waits in the queue. */
  waits(home: string, sinceUs: number, nowUs: number): void;
  /** Knows nothing any more: every home is looked at next. */
  forget(): void;
}

export function createRounds(): Rounds {
  const due = new Map<string, number>();
  let fresh = true;
  let offset = 0;
  let lastUs = 0;
  /** The part of all homes whose turn it is, by the time that has passed. */
  const slice = (homes: readonly string[], passedUs: number): string[] => {
    const share = Math.ceil((homes.length * passedUs) / ROUND_US);
    const count = Math.min(homes.length, Math.max(SLICE_MIN_HOMES, share));
    const chosen = Array.from({ length: count }, (_, i) => homes[(offset + i) % homes.length] ?? '');
    offset = homes.length === 0 ? 0 : (offset + count) % homes.length;
    return chosen;
  };
  return {
    next: (homes, hints, nowUs) => {
      const some = fresh ? homes : slice(homes, nowUs - lastUs);
      fresh = false;
      lastUs = nowUs;
      const chosen = new Set([...some, ...hints]);
      for (const [home, dueUs] of due) if (dueUs <= nowUs) chosen.add(home);
      return [...chosen];
    },
    saw: (home, dueUs) => {
      if (dueUs === undefined) due.delete(home);
      else due.set(home, dueUs);
    },
    waits: (home, sinceUs, nowUs) => {
      due.set(home, nowUs + Math.min(AGAIN_MAX_US, Math.max(AGAIN_MIN_US, nowUs - sinceUs)));
    },
    forget: () => {
      due.clear();
      fresh = true;
    },
  };
}
