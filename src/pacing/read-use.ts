// Reads from Redis how much of some limits of one home is used now. Costs the same whatever waits.
import type { Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import type { Limit } from '../contract/limit.ts';
import { limitKeys } from './keys.ts';
import type { LimitUse } from './use.ts';

const useScript = loadScript(import.meta.dirname, 'lua/read-use.lua');

export interface Uses {
  /** Redis time, µs. */
  nowUs: number;
  /** In the order of the limits. */
  uses: LimitUse[];
}

export async function readUse(
  redis: Redis,
  namespace: string,
  home: string,
  limits: readonly Limit[],
): Promise<Uses> {
  const keys = limits.flatMap(({ scope, name }) => {
    const { state, times } = limitKeys(namespace, home, scope, name);
    return [state, times];
  });
  const specs = limits.flatMap((limit) => [
    limit.kind,
    limit.kind === 'pair' ? 0 : limit.count,
    limit.kind === 'concurrency' ? 0 : limit.perMs * 1_000,
  ]);
  const [now, ...texts] = await redis.run<string[]>(useScript, keys, ['', ...specs]);
  return { nowUs: Number(now), uses: limits.map((limit, i) => useOf(limit, texts[i] ?? '')) };
}

function useOf(limit: Limit, text: string): LimitUse {
  const [count, held, gridUs, closedUs, releases = ''] = text.split('|');
  return {
    limit,
    count: Number(count),
    held: Number(held),
    gridUs: Number(gridUs),
    closedUs: Number(closedUs),
    releases: releases
      .split(',')
      .filter(Boolean)
      .map((one) => {
        const [atUs, places] = one.split(':');
        return { atUs: Number(atUs), count: Number(places) };
      }),
  };
}
