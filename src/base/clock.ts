// Time and chance come in here and nowhere else, so that tests can bring their own.
import { randomBytes } from 'node:crypto';

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /** Monotonic microseconds from an arbitrary zero, never stepping back. */
  monotonicUs(): number;
  /** Runs `action` once, `delayMs` from now. */
  after(delayMs: number, action: () => void): Timer;
  /** Resolves after `delayMs`, or at once when `signal` aborts. */
  delay(delayMs: number, signal?: AbortSignal): Promise<void>;
  /** 0 ≤ x < 1. */
  random(): number;
  /** `bytes` random bytes as hexadecimal. */
  randomHex(bytes: number): string;
}

const after = (delayMs: number, action: () => void): Timer => {
  const timer = setTimeout(action, Math.max(0, delayMs));
  return { cancel: () => clearTimeout(timer) };
};

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicUs: () => performance.now() * 1_000,
  after,
  delay: (delayMs, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        timer.cancel();
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = after(delayMs, done);
      signal?.addEventListener('abort', done, { once: true });
    }),
  random: () => Math.random(),
  randomHex: (bytes) => randomBytes(bytes).toString('hex'),
};
