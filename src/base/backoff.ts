// Exponential backoff with full jitter: the n-th wait is random between 0 and min(cap, base × 2^n).

export interface Backoff {
  baseMs: number;
  capMs: number;
}

/** Milliseconds to wait before repetition `attempt` (0 is the first). `random` gives 0 ≤ x < 1. */
export function backoffMs({ baseMs, capMs }: Backoff, attempt: number, random: () => number): number {
  return Math.ceil(Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30)) * random());
}
