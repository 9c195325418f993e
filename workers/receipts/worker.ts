// The receipts station: what platforms said by webhook, from the topic `receipts` into the ledger. Every step can be repeated, and none
// depends on order, so that many entries are worked off side by side.
import type { Clock } from '../../src/base/clock.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { Metrics } from '../../src/base/metrics.ts';
import type { Redis } from '../../src/base/redis.ts';
import type { Service } from '../../src/base/service.ts';
import type { DeliveredEntry, Follower, Log } from '../../src/log/port.ts';
import { readReceipts } from './records.ts';
import { createStatuses, type FindJob, type Statuses } from './statuses.ts';

/** Entries worked on at once. Each holds at most 256 KB, most hold less than one. */
const TOGETHER = 64;
/** A start waits this long for its place in the group. Kafka may be away: then it goes on. */
const JOIN_MS = 15_000;

export interface ReceiptsOptions {
  log: Log;
  redis: Redis;
  namespace: string;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
  findJob: FindJob;
}

export function createReceipts(options: ReceiptsOptions): Service & { failed: Promise<never> } {
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  const statuses = createStatuses(options);
  let follower: Follower | undefined;
  return {
    name: 'receipts',
    failed: failed.promise,
    start: async () => {
      follower = await options.log.follow({
        topic: 'receipts',
        group: 'receipts',
        together: TOGETHER,
        handle: (entry) => handle(statuses, entry),
      });
      follower.failed.catch(failed.reject);
      await Promise.race([follower.joined, options.clock.delay(JOIN_MS)]);
    },
    stop: async () => follower?.stop(),
  };
}

async function handle(statuses: Statuses, entry: DeliveredEntry): Promise<void> {
  const record = readReceipts(entry);
  if (record.type === 'statuses') await statuses.take(record);
}
