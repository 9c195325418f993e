// What benchmarks ask of the Redis they measure, on a connection of their own.
import { connectForQueue, type RedisClient } from '../src/base/redis.ts';

const SCAN_COUNT = 1_000;

export interface RedisView {
  client: RedisClient;
  version: string;
  /** CPU seconds that the server has used, as it says itself: it may run where its pid is another. */
  cpuSeconds(): Promise<number>;
  /** Removes every key that belongs to a name space or a queue's prefix. */
  clear(name: string): Promise<void>;
  keys(name: string): AsyncGenerator<string[]>;
  /** MEMORY USAGE of all of them. */
  bytes(name: string): Promise<number>;
  close(): void;
}

export async function openRedis(url: string): Promise<RedisView> {
  const client = connectForQueue(url);
  const version = fieldOf(await client.info('server'), 'redis_version');
  const keys = (name: string) => keysOf(client, name);
  return {
    client,
    version,
    cpuSeconds: async () => {
      const info = await client.info('cpu');
      return Number(fieldOf(info, 'used_cpu_user')) + Number(fieldOf(info, 'used_cpu_sys'));
    },
    clear: async (name) => {
      for await (const some of keys(name)) if (some.length > 0) await client.unlink(...some);
    },
    keys,
    bytes: async (name) => {
      let sum = 0;
      for await (const some of keys(name)) {
        // All samples: with the default of five, a hash of long and short fields is a guess.
        const sizes = await Promise.all(some.map((key) => client.memory('USAGE', key, 'SAMPLES', 0)));
        sum += sizes.reduce<number>((all, size) => all + (size ?? 0), 0);
      }
      return sum;
    },
    close: () => client.disconnect(),
  };
}

export const fieldOf = (info: string, name: string): string =>
  new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1] ?? 'unknown';

/** `name:…` and `{name-queue}:…`: everything that Sluice and a peer's queue write. */
async function* keysOf(client: RedisClient, name: string): AsyncGenerator<string[]> {
  for (const pattern of [`${name}:*`, `{${name}-queue}:*`]) {
    let cursor = '0';
    do {
      const [next, some] = await client.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
      yield some;
      cursor = next;
    } while (cursor !== '0');
  }
}
