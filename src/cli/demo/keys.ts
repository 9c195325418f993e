// Takes the demo's keys out of a Redis that was there before it.
import type { Clock } from '../../base/clock.ts';
import { createRedis } from '../../base/redis.ts';

const PAGE = 1_000;

/** Every key of the namespace, the queue's too. Looks page by page, so that nobody else has to wait. */
export async function deleteKeys(redisUrl: string, namespace: string, clock: Clock): Promise<void> {
  const redis = createRedis(redisUrl, clock);
  try {
    for (const pattern of [`${namespace}:*`, `{${namespace}-queue}:*`]) {
      let cursor = '0';
      do {
        const [next, keys] = await redis.client.scan(cursor, 'MATCH', pattern, 'COUNT', PAGE);
        if (keys.length > 0) await redis.client.unlink(...keys);
        cursor = next;
      } while (cursor !== '0');
    }
  } finally {
    await redis.close();
  }
}
