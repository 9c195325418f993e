// The notify station: what the outboxes tell goes into the topic `events`, and from there to the customers' endpoints that want it.
import type { Accounts, Endpoint } from '../../src/accounts/port.ts';
import type { AccountsRegistry } from '../../src/accounts/registry.ts';
import type { Clock } from '../../src/base/clock.ts';
import { messageOf, refused } from '../../src/base/failure.ts';
import type { HttpClient } from '../../src/base/http.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { Metrics } from '../../src/base/metrics.ts';
import type { Redis } from '../../src/base/redis.ts';
import type { Secret } from '../../src/base/secret.ts';
import type { Service } from '../../src/base/service.ts';
import { type EventsRecord, eventsRecordSchema, isWanted } from '../../src/contract/event.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { createOutbox } from '../../src/ledger/outbox.ts';
import type { FindForgotten } from '../../src/ledger/port.ts';
import type { DeliveredEntry, Follower, Log } from '../../src/log/port.ts';
import { BACKLOG_MAX_RECORDS, createDeliveries, type Deliveries } from '../../src/subscribers/deliveries.ts';
import { entryOfEvents, eventId, recordOfOne } from '../../src/subscribers/publish.ts';
import { Deliverer, type DisabledReason } from './deliver.ts';
import { createRelay } from './relay.ts';

/** Entries worked on at once. */
const TOGETHER = 64;
/** Outboxes and hints are looked at this often: what comes in between travels together. */
const PASS_MS = 100;
/** What a lost hint or a dead process has left is found within this. */
const ROUND_MS = 5_000;
/** Endpoints looked at in one write to Redis. */
const PARALLEL = 256;
/** What customers were told longer ago is not told again when Redis has lost its memory. */
const AGAIN_MS = 3_600_000;
/** A start waits this long for its place in the group. Kafka may be away: then it goes on. */
const JOIN_MS = 15_000;

export interface NotifyOptions {
  redis: Redis;
  namespace: string;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
  secret: Secret;
  log: Log;
  ledger: Pick<Ledger, 'row'>;
  forgotten: FindForgotten;
  accounts: AccountsRegistry;
  /** Reaches public addresses only. */
  http: HttpClient;
  privateHttp: HttpClient;
  timeoutMs: number;
  retryUnitMs: number;
  disableAfterMs: number;
  /** Told how far the topic is stored, where it outlives Redis. */
  marked?(partition: number, offset: number): Promise<void>;
}

export function createNotify(options: NotifyOptions): Service & { failed: Promise<never> } {
  const { redis, namespace, log, clock, accounts } = options;
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  const stopping = new AbortController();
  const deliveries = createDeliveries(redis, namespace);
  const owner = clock.randomHex(8);
  const relay = createRelay({ ...options, outbox: createOutbox(redis, namespace), owner });
  const disable = disabler(options);
  const deliverer = new Deliverer({ ...options, deliveries, disable });
  const handle = handler({ ...options, deliveries, deliverer, disable });
  let follower: Follower | undefined;
  let loop: Promise<void> | undefined;
  let passes = 0;

  const run = async (): Promise<void> => {
    let roundAtUs = 0;
    while (!stopping.signal.aborted) {
      const all = clock.monotonicUs() >= roundAtUs;
      if (all) roundAtUs = clock.monotonicUs() + ROUND_MS * 1_000;
      // Without a single endpoint nobody tells anything.
      if (accounts.allEndpoints().length > 0) {
        await relay.pass(all);
        await wakeDue(options, deliveries, deliverer, all);
      }
      passes += 1;
      await clock.delay(PASS_MS, stopping.signal);
    }
  };
  return {
    name: 'notify',
    failed: failed.promise,
    progress: { moved: () => passes + deliverer.ended, due: () => Promise.resolve(true) },
    start: async () => {
      follower = await log.follow({
        topic: 'events',
        group: 'notify',
        together: TOGETHER,
        handle,
        ...(options.marked ? { marked: options.marked } : {}),
      });
      follower.failed.catch(failed.reject);
      await Promise.race([follower.joined, clock.delay(JOIN_MS)]);
      loop = run();
    },
    stop: async () => {
      stopping.abort();
      await follower?.stop();
      await loop;
      await deliverer.stop();
    },
  };
}

/** Endpoints that hints name, or all that have something due. */
async function wakeDue(
  { accounts, clock, logger }: NotifyOptions,
  deliveries: Deliveries,
  deliverer: Deliverer,
  all: boolean,
): Promise<void> {
  try {
    for (const id of await deliveries.takeHints()) deliverer.wake(id);
    if (!all) return;
    const enabled = accounts.allEndpoints().filter((endpoint) => endpoint.enabled);
    for (let i = 0; i < enabled.length; i += PARALLEL) {
      const look = async (endpoint: Endpoint) => {
        if (await deliveries.isDue(endpoint, clock.now())) deliverer.wake(endpoint.id);
      };
      await Promise.all(enabled.slice(i, i + PARALLEL).map(look));
    }
  } catch (error) {
    logger.warn('webhook.delayed', { reason: messageOf(error) });
  }
}

interface HandlerOptions extends NotifyOptions {
  deliveries: Deliveries;
  deliverer: Deliverer;
  disable(endpoint: Endpoint, reason: DisabledReason, sinceMs: number): Promise<void>;
}

/** Stores a record once more after Redis has lost some of its memory; what is stored already stays as it is. */
export function createStoring({
  redis,
  namespace,
  accounts,
  clock,
}: Pick<NotifyOptions, 'redis' | 'namespace' | 'accounts' | 'clock'>): {
  again(entry: DeliveredEntry): Promise<void>;
} {
  const deliveries = createDeliveries(redis, namespace);
  return {
    again: async (entry) => {
      const record = readEvents(entry);
      if (record.at < clock.now() - AGAIN_MS) return;
      const wanted = endpointsFor(accounts, record);
      if (wanted.length > 0) await deliveries.put(record, wanted);
      for (const endpoint of wanted) await deliveries.hint(endpoint);
    },
  };
}

/** Stores a record for the endpoints that want any of it. */
function handler(options: HandlerOptions): (entry: DeliveredEntry) => Promise<void> {
  const { accounts, deliveries, deliverer, disable, clock } = options;
  return async (entry) => {
    const record = readEvents(entry);
    let wanted = endpointsFor(accounts, record);
    // Whoever told it may know of an endpoint that is new here.
    if (wanted.length === 0) await accounts.refresh();
    if (wanted.length === 0) wanted = endpointsFor(accounts, record);
    if (wanted.length === 0) return;
    const waiting = await deliveries.put(record, wanted);
    for (const [i, endpoint] of wanted.entries()) {
      deliverer.wake(endpoint.id);
      if ((waiting[i] ?? 0) > BACKLOG_MAX_RECORDS) await disable(endpoint, 'backlog', clock.now());
    }
  };
}

const endpointsFor = (accounts: Pick<Accounts, 'endpoints'>, record: EventsRecord): Endpoint[] =>
  accounts
    .endpoints(record)
    .filter(({ enabled, events }) => enabled && record.events.some(({ type }) => isWanted(events, type)));

/** Throws `never` when the entry can never be read. */
function readEvents({ value }: DeliveredEntry): EventsRecord {
  let record: unknown;
  try {
    record = JSON.parse(value);
  } catch {
    throw refused('unprocessable', 'the record is not JSON');
  }
  const parsed = eventsRecordSchema.safeParse(record);
  if (parsed.success) return parsed.data;
  throw refused('unprocessable', `the record breaks its schema at ${parsed.error.issues[0]?.path.join('.')}`);
}

/** Told first: killed in between, it is told again under the same id. What waits stays, for the day that the endpoint is enabled again. */
function disabler({ accounts, log, secret, clock, logger }: NotifyOptions): HandlerOptions['disable'] {
  return async ({ id, workspace, environment, url }, reason, sinceMs) => {
    if (!accounts.endpoint(id)?.enabled) return;
    const event = {
      id: eventId(secret, ['webhook.disabled', id, reason, String(sinceMs)]),
      type: 'webhook.disabled' as const,
      atMs: clock.now(),
      data: { webhook_id: id, url, reason },
    };
    await log.append('events', [entryOfEvents(recordOfOne({ ...event, workspace, environment }))]);
    await accounts.change('webhook', id, {
      enabled: false,
      disabled_reason: reason,
      disabled_at: clock.now(),
    });
    logger.warn('webhook.disabled', { endpoint: id, reason });
  };
}
