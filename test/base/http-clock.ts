// A clock that stands still until it is told to go on, for the deadlines of the door to HTTP.
import { type Clock, systemClock } from '../../src/base/clock.ts';

export interface HandClock extends Clock {
  /** Moves on by `ms` and runs what falls due, in order. */
  advance(ms: number): void;
  /** Timers that wait. */
  waiting(): number;
}

export function handClock(): HandClock {
  let nowMs = 1_000;
  const timers = new Set<{ atMs: number; action: () => void }>();
  const next = (untilMs: number) =>
    [...timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
  return {
    ...systemClock,
    now: () => nowMs,
    monotonicUs: () => nowMs * 1_000,
    after(delayMs, action) {
      const timer = { atMs: nowMs + delayMs, action };
      timers.add(timer);
      return { cancel: () => timers.delete(timer) };
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      for (let due = next(untilMs); due; due = next(untilMs)) {
        timers.delete(due);
        nowMs = Math.max(nowMs, due.atMs);
        due.action();
      }
      nowMs = untilMs;
    },
    waiting: () => timers.size,
  };
}
