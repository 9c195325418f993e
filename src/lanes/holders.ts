// Which processes hold lanes, and which of them are dead: one key a process, renewed while it lives, instead of a lease a lane.
import { ask, type Redis } from '../base/redis.ts';
import { holderKey, holdersKey } from './keys.ts';

/** A process that has not said so for this long is dead, or frozen, which is the same to others. */
const ALIVE_MS = 2_000;

export interface Holders {
  /** Says that this process lives; to be said several times in 2 s. */
  beat(holder: string): Promise<void>;
  /** This process holds nothing any more. */
  leave(holder: string): Promise<void>;
  /** Processes that have not said that they live. */
  silent(): Promise<string[]>;
}

export function createHolders(redis: Redis, namespace: string): Holders {
  const { client } = redis;
  return {
    beat: async (holder) => {
      await Promise.all([
        ask(client.set(holderKey(namespace, holder), '1', 'PX', ALIVE_MS)),
        ask(client.sadd(holdersKey(namespace), holder)),
      ]);
    },
    leave: async (holder) => {
      await Promise.all([
        ask(client.srem(holdersKey(namespace), holder)),
        ask(client.del(holderKey(namespace, holder))),
      ]);
    },
    silent: async () => {
      const all = await ask(client.smembers(holdersKey(namespace)));
      const alive = await Promise.all(all.map((holder) => ask(client.exists(holderKey(namespace, holder)))));
      return all.filter((_, i) => alive[i] === 0);
    },
  };
}
