// Opens a log of either kind on the services of the test run; the actor and the tests open the same.
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { createRedis } from '../../src/base/redis.ts';
import { createKafkaLog } from '../../src/log/kafka.ts';
import type { Log } from '../../src/log/port.ts';
import { createRedisStreamsLog } from '../../src/log/redis-streams.ts';
import { kafkaBrokers, redisUrl } from '../support/services.ts';

export type LogKind = 'redis-streams' | 'kafka';

/** What the adapters have in common besides their namespace. */
export const common = { clock: systemClock, logger: silentLogger };

export function openLog(kind: LogKind, namespace: string): Log {
  if (kind === 'kafka') return createKafkaLog({ ...common, brokers: kafkaBrokers().split(','), namespace });
  const redis = createRedis(redisUrl(), systemClock);
  const log = createRedisStreamsLog({ ...common, redis, namespace, consumer: 'test' });
  return { ...log, close: () => log.close().finally(() => redis.close()) };
}
