// How fast something moves, from readings of a counter: the slope over the last few seconds.

/** Long enough to smooth what settles in batches, short enough to show a change. */
const WINDOW_US = 3_000_000;
/** Below this a slope is chance. */
const LEAST_US = 400_000;

interface Reading {
  atUs: number;
  done: number;
}

export interface RateMeter {
  /** `atUs` on the monotonic clock. */
  read(atUs: number, done: number): void;
  /** Undefined until something has moved for long enough. */
  perSecond(): number | undefined;
}

export function createRateMeter(): RateMeter {
  let readings: Reading[] = [];
  return {
    read(atUs, done) {
      // What was before the first step is no slowness: the measure begins with it.
      if (readings.length === 1 && readings[0]?.done === done) readings = [];
      readings.push({ atUs, done });
      while (readings.length > 2 && atUs - (readings[1]?.atUs ?? atUs) >= WINDOW_US) readings.shift();
    },
    perSecond() {
      const first = readings[0];
      const last = readings.at(-1);
      if (!first || !last || last.atUs - first.atUs < LEAST_US) return undefined;
      return ((last.done - first.done) / (last.atUs - first.atUs)) * 1_000_000;
    },
  };
}
