// The receipts station: what platforms said by webhook, from the topic `receipts` into the ledger. Every step can be repeated, and none
// depends on order, so that many entries are worked off side by side.
import type { AccountsRegistry } from '../../src/accounts/registry.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { Metrics } from '../../src/base/metrics.ts';
import type { TicketQueue } from '../../src/base/queue.ts';
import type { Redis } from '../../src/base/redis.ts';
import type { Secret } from '../../src/base/secret.ts';
import type { Service } from '../../src/base/service.ts';
import type { Suppressions } from '../../src/contacts/suppressions.ts';
import type { Lanes } from '../../src/lanes/lanes.ts';
import type { DeliveredEntry, Follower, Log } from '../../src/log/port.ts';
import { followerProgress } from '../../src/log/progress.ts';
import type { Aftermath } from '../../src/platforms/port.ts';
import type { TemplateStore } from '../../src/templates/store.ts';
import { takeAccountChange } from './account.ts';
import { takeInbound } from './inbound.ts';
import { createNames } from './names.ts';
import { readReceipts } from './records.ts';
import { createStatuses, type FindJob } from './statuses.ts';

/** Entries worked on at once. Each holds at most 256 KB, most hold less than one. */
const TOGETHER = 64;
/** A start waits this long for its place in the group. Kafka may be away: then it goes on. */
const JOIN_MS = 15_000;

export interface ReceiptsOptions {
  log: Log;
  redis: Redis;
  namespace: string;
  secret: Secret;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
  /** The name of a person in sets of people. */
  personOf(workspace: string, to: string): string;
  accounts: AccountsRegistry;
  lanes: Pick<Lanes, 'wake'>;
  tickets: TicketQueue;
  findJob: FindJob;
  /** Told behind which offset of a partition of the log everything is in Redis. */
  marked?(partition: number, offset: number): Promise<void>;
  aftermathOf(code: string): Aftermath | undefined;
  isOptOut(code: string): boolean;
  suppressions: Pick<Suppressions, 'add' | 'remove'>;
  templates: Pick<TemplateStore, 'status'>;
}

export interface Receipts extends Service {
  readonly failed: Promise<never>;
  /** Works on an entry that was worked on before. Repeatable. What changed a limit then is left alone: it may have been changed since. */
  again(entry: DeliveredEntry): Promise<void>;
}

export function createReceipts(options: ReceiptsOptions): Receipts {
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  const handle = createHandler(options);
  let follower: Follower | undefined;
  return {
    name: 'receipts',
    failed: failed.promise,
    progress: followerProgress(() => follower, options.clock),
    start: async () => {
      follower = await options.log.follow({
        topic: 'receipts',
        group: 'receipts',
        together: TOGETHER,
        handle,
        ...(options.marked ? { marked: options.marked } : {}),
      });
      follower.failed.catch(failed.reject);
      await Promise.race([follower.joined, options.clock.delay(JOIN_MS)]);
    },
    stop: async () => follower?.stop(),
    again: async (entry) => {
      const record = readReceipts(entry);
      const limit = record.type === 'account' && LIMIT_CHANGES.has(record.change.type);
      if (!limit) await handle(entry);
    },
  };
}

const LIMIT_CHANGES = new Set(['messaging_limit', 'throughput']);

function createHandler(options: ReceiptsOptions): (entry: DeliveredEntry) => Promise<void> {
  const statuses = createStatuses({ ...options, toldOf: options.accounts.toldOf });
  const names = createNames(options);
  const told = options.metrics.counter(
    'account_changes_total',
    'Changes of accounts, by what became of them',
    ['fate'],
  );
  return async (entry) => {
    const record = readReceipts(entry);
    if (record.type === 'account') {
      const clear = await takeAccountChange({ ...options, names }, record);
      return told.inc({ fate: clear ? 'applied' : 'unclear' });
    }
    await names.learn(record);
    await (record.type === 'statuses' ? statuses.take(record) : takeInbound(options, record));
  };
}
