// A clock that moves when the test says so; timers fire on the way.
import type { Clock, Timer } from '../../src/base/clock.ts';

export interface HandClock extends Clock {
  /** Moves on by so many microseconds, firing what comes due in order. */
  pass(us: number): void;
  /** Moves on without firing timers: the event loop was busy. */
  stall(us: number): void;
  timers(): number;
}

export function createHandClock(random: () => number = () => 0): HandClock {
  let nowUs = 1_000_000;
  let timers: { atUs: number; action: () => void }[] = [];
  const after = (delayMs: number, action: () => void): Timer => {
    const timer = { atUs: nowUs + delayMs * 1_000, action };
    timers.push(timer);
    return {
      cancel: () => {
        timers = timers.filter((one) => one !== timer);
      },
    };
  };
  const fireUntil = (endUs: number): void => {
    for (;;) {
      const next = timers.toSorted((a, b) => a.atUs - b.atUs)[0];
      if (!next || next.atUs > endUs) return;
      timers = timers.filter((one) => one !== next);
      nowUs = Math.max(nowUs, next.atUs);
      next.action();
    }
  };
  return {
    now: () => nowUs / 1_000,
    monotonicUs: () => nowUs,
    after,
    delay: (delayMs) => new Promise((resolve) => void after(delayMs, resolve)),
    random,
    randomHex: (bytes) => '0'.repeat(2 * bytes),
    pass: (us) => {
      const endUs = nowUs + us;
      fireUntil(endUs);
      nowUs = Math.max(nowUs, endUs);
    },
    stall: (us) => {
      nowUs += us;
    },
    timers: () => timers.length,
  };
}
