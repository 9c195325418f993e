// When a delivery is tried again, and how long an endpoint that fails is left alone. Pure.

/** Waits in units of the first: with 5 s they are 5 s, 30 s, 5 min, 30 min, 2 h, 5 h, and 10 h from then on. */
const WAITS = [1, 6, 60, 360, 1_440, 3_600, 7_200];
/** Each wait is up to this share shorter or longer, so that what failed together does not come back together. */
const JITTER = 0.2;
/** After so many failures in a row only one delivery at a time asks whether the endpoint is back … */
const PAUSE_AFTER_FAILURES = 5;
/** … at most this many units apart. */
const PAUSE_MAX = 60;
/** A receiver may ask for no more patience than this. */
const RETRY_AFTER_MAX_MS = 24 * 3_600_000;

export interface Waits {
  /** The first wait, ms. */
  unitMs: number;
  random(): number;
}

/** ms until a delivery is tried again. `attempt`: the one that failed, from 1. */
export function waitMs({ unitMs, random }: Waits, attempt: number, retryAfterMs: number | undefined): number {
  const wait = WAITS[Math.min(attempt, WAITS.length) - 1] ?? 1;
  return Math.max(jittered(wait * unitMs, random), patience(retryAfterMs));
}

/** ms for which nothing goes to the endpoint. `failures`: in a row, this one included. */
export function pauseMs(
  { unitMs, random }: Waits,
  failures: number,
  retryAfterMs: number | undefined,
): number {
  const over = failures - PAUSE_AFTER_FAILURES;
  const pause = over < 0 ? 0 : jittered(Math.min(PAUSE_MAX, 2 ** Math.min(over, 30)) * unitMs, random);
  return Math.max(pause, patience(retryAfterMs));
}

const patience = (retryAfterMs = 0): number => Math.min(retryAfterMs, RETRY_AFTER_MAX_MS);

const jittered = (ms: number, random: () => number): number =>
  Math.ceil(ms * (1 - JITTER + 2 * JITTER * random()));
