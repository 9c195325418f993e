// Requests under rolling limits: one script counts a request under every window of its key at once, so that all API processes share them
// exactly. The same rules as for what is sent, except that a request's place is taken from the request on.
import type { Redis } from '../base/redis.ts';
import { loadScript, type Script } from '../base/script.ts';
import type { RollingLimit } from '../contract/limit.ts';
import { limitKeys } from './keys.ts';

const REQUEST = loadScript(import.meta.dirname, 'lua/request.lua');
const BACK = loadScript(import.meta.dirname, 'lua/request-back.lua');
/** A window that nobody used for its period is forgotten so much later. */
const LINGER_MS = 1_000;
/** Never repeated: a request that may have been counted is not counted twice. */
const NO_PATIENCE_MS = 0;

export interface WindowUse {
  limit: RollingLimit;
  used: number;
  /** µs at which the next place comes free; undefined: none is taken. */
  freeAtUs: number | undefined;
}

export interface RequestCount {
  granted: boolean;
  /** Redis time, µs; names the places for `giveBack`. */
  nowUs: number;
  /** In the order of the limits. */
  uses: WindowUse[];
}

export interface RequestLimiter {
  /** Takes a place of each limit, or none when one of them has none. Rejects with `unavailable` when Redis is away. */
  count(key: string, limits: readonly RollingLimit[]): Promise<RequestCount>;
  /** Gives back what was counted at `markUs`. Rejects as `count` does. */
  giveBack(key: string, limits: readonly RollingLimit[], markUs: number): Promise<RequestCount>;
}

/** The hash tag of a key's windows. */
export const requestHome = (key: string): string => `k:${key}`;

/** `timeUs`: the time of a test; without it the server's. */
export function createRequestLimiter(redis: Redis, namespace: string, timeUs?: () => number): RequestLimiter {
  const run = async (
    script: Script,
    key: string,
    limits: readonly RollingLimit[],
    second: number,
  ): Promise<RequestCount> => {
    const keys = limits.flatMap(({ scope, name }) => {
      const { state, times } = limitKeys(namespace, requestHome(key), scope, name);
      return [state, times];
    });
    const specs = limits.flatMap(({ count, perMs }) => [count, perMs * 1_000]);
    const clock = timeUs ? timeUs().toFixed(0) : '';
    const answer = await redis.run<(number | string)[]>(
      script,
      keys,
      [clock, second.toFixed(0), ...specs],
      NO_PATIENCE_MS,
    );
    return countOf(answer.map(Number), limits);
  };
  return {
    count: (key, limits) => run(REQUEST, key, limits, LINGER_MS),
    giveBack: (key, limits, markUs) => run(BACK, key, limits, markUs),
  };
}

function countOf([granted, nowUs = 0, ...told]: number[], limits: readonly RollingLimit[]): RequestCount {
  return {
    granted: granted === 1,
    nowUs,
    uses: limits.map((limit, i) => ({
      limit,
      used: told[i * 2] ?? 0,
      freeAtUs: told[i * 2 + 1] || undefined,
    })),
  };
}
