// What a key of Redis holds, whatever its type.
import type { Redis } from '../../src/base/redis.ts';

/** Undefined when the key is gone meanwhile. */
export async function contentOf({ client }: Redis, key: string): Promise<unknown> {
  const read: Record<string, () => Promise<unknown>> = {
    string: () => client.get(key),
    hash: () => client.hgetall(key),
    list: () => client.lrange(key, 0, -1),
    set: () => client.smembers(key),
    zset: () => client.zrange(key, '0', '-1'),
    stream: () => client.xrange(key, '-', '+'),
  };
  return read[await client.type(key)]?.();
}
