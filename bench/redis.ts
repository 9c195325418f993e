// What benchmarks ask of the Redis they measure, on a connection of their own.
import { connectForQueue, type RedisClient } from '../src/base/redis.ts';

const SCAN_COUNT = 1_000;

export interface RedisView {
  client: RedisClient;
  version: string;
  pid: number | undefined;
  /** Removes every key that belongs to a name space or a queue's prefix. */
  clear(name: string): Promise<void>;
  keys(name: string): AsyncGenerator<string[]>;
  close(): void;
}

export async function openRedis(url: string): Promise<RedisView> {
  const client = connectForQueue(url);
  const info = await client.info('server');
  const field = (name: string): string | undefined => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  const local = /^(127\.0\.0\.1|localhost)$/.test(new URL(url).hostname);
  const keys = (name: string) => keysOf(client, name);
  return {
    client,
    version: field('redis_version') ?? 'unknown',
    pid: local ? Number(field('process_id')) : undefined,
    clear: async (name) => {
      for await (const some of keys(name)) if (some.length > 0) await client.unlink(...some);
    },
    keys,
    close: () => client.disconnect(),
  };
}

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
