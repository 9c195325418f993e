// The sandbox's time: monotonic microseconds for judging, wall milliseconds for reading.
// Both carry one offset that only moves forward, so that a test can step over 24 hours without waiting.
// Nothing else in the sandbox reads a clock or sets a timer.
import { performance } from 'node:perf_hooks';

export interface Clock {
  /** Monotonic microseconds since the process began, plus the offset. */
  nowUs(): number;
  /** Unix milliseconds, plus the offset. */
  wallMs(): number;
  /** Moves both clocks; below the present offset is refused (false), because stamps must never step back. */
  setOffsetMs(offsetMs: number): boolean;
  offsetMs(): number;
  /** Back to real time; only valid together with forgetting every stamp. */
  reset(): void;
}

export function systemClock(): Clock {
  let offsetMs = 0;
  return {
    nowUs: () => Math.round((performance.now() + offsetMs) * 1000),
    wallMs: () => Date.now() + offsetMs,
    setOffsetMs(next) {
      if (next < offsetMs) return false;
      offsetMs = next;
      return true;
    },
    offsetMs: () => offsetMs,
    reset() {
      offsetMs = 0;
    },
  };
}

/** Runs `step` after a delay; at once, on the same stack, when there is none. Never keeps the process alive. */
export function afterDelay(delayMs: number, step: () => void): void {
  if (delayMs <= 0) step();
  else setTimeout(step, delayMs).unref();
}
