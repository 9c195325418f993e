// The one place where a test waits for time to pass: until something has become true. Everything else waits on a
// signal; `test/rules` sees to it.

export interface Until {
  timeoutMs?: number;
  /** What is waited for, in words: the message when it never comes. */
  what: string;
}

/** Polls until `look` gives something truthy, and returns that. An error thrown by the last look is the cause. */
export async function until<T>(
  look: () => T | Promise<T>,
  { timeoutMs = 15_000, what }: Until,
): Promise<NonNullable<T>> {
  const giveUpAt = performance.now() + timeoutMs;
  let cause: unknown;
  for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 1.5, 50)) {
    try {
      const seen = await look();
      if (seen) return seen;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > giveUpAt) throw new Error(`Waited ${timeoutMs} ms in vain: ${what}`, { cause });
    await new Promise((wake) => setTimeout(wake, pauseMs));
  }
}
