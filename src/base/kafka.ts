// The door to kafkajs 2.2.4. Sends are keyed, wait for every in-sync replica and are never idempotent: kafkajs' idempotent
// producer can acknowledge what was never stored, and its unkeyed batches lose messages on a retry. Answers come in bounded
// time. Its timer that spins at rest is switched off here.
import { createRequire } from 'node:module';
import {
  type Admin,
  type Consumer,
  type ITopicConfig,
  Kafka as KafkaJs,
  logLevel,
  Partitioners,
  type RetryOptions,
} from 'kafkajs';
import type { Clock } from './clock.ts';
import { Failure, messageOf, refused, unavailable } from './failure.ts';
import { type KafkaRecord, slices } from './kafka-slices.ts';
import type { Logger } from './logger.ts';

export type KafkaConsumer = Consumer;
export type { EachBatchPayload, IHeaders, ITopicConfig, KafkaMessage } from 'kafkajs';

const CONNECT_TIMEOUT_MS = 2_000;
/** One produce may take this long at the broker, and its answer as long on the way. */
const PRODUCE_TIMEOUT_MS = 4_000;
/** A send is answered within this, whatever happens inside. */
const SEND_DEADLINE_MS = 10_000;
const ADMIN_DEADLINE_MS = 10_000;
/** Topics are there, and led, within this, or the process does not start. */
const PREPARE_DEADLINE_MS = 30_000;
/** Topics that another process may just have made are waited for so long; a partition that has lost its leader must not keep a process from starting. */
const LEADERS_PATIENCE_MS = 10_000;
const ADMIN_RETRY_MS = 250;
const PING_DEADLINE_MS = 2_000;
/** A refused connection is known within a second; a leader that moves has this long to be found. */
const PRODUCER_RETRY: RetryOptions = { initialRetryTime: 100, multiplier: 2, maxRetryTime: 500, retries: 4 };

/** A dead member's partitions move after exactly this. */
const SESSION_TIMEOUT_MS = 10_000;
/** The least time between two heartbeats; who works longer asks for one every second, so 3 s pass at most. */
const HEARTBEAT_MS = 2_000;
const REBALANCE_TIMEOUT_MS = 60_000;
const CONSUMER_REQUEST_TIMEOUT_MS = 10_000;
/** New records end a fetch at once; this is how long an empty one takes, and with it a stop. */
const FETCH_WAIT_MS = 1_000;
const FETCH_MAX_BYTES = 4 * 1024 * 1024;

export interface KafkaOptions {
  brokers: readonly string[];
  clientId: string;
  clock: Clock;
  logger: Logger;
}

export interface Kafka {
  /** Resolves when all in-sync replicas have every record, with the first offset by partition. Throws `unavailable` with `repeat: 'unsafe'` within 10 s. */
  send(topic: string, records: readonly KafkaRecord[]): Promise<Map<number, string>>;
  /** A member of `group`, not yet connected. After trouble it restarts by itself while `mayRestart` says so. */
  consumer(group: string, mayRestart: () => boolean): Consumer;
  /** Creates what is missing and connects; `topics` is asked with the number of brokers. */
  prepare(topics: (brokers: number) => ITopicConfig[]): Promise<void>;
  /** First and next offset of each partition, by partition. */
  bounds(topic: string): Promise<{ partition: number; low: string; high: string }[]>;
  ping(): Promise<boolean>;
  close(): Promise<void>;
}

export function createKafka({ brokers, clientId, clock, logger }: KafkaOptions): Kafka {
  const client = (requestTimeout: number) =>
    new KafkaJs({
      brokers: [...brokers],
      clientId,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout,
      retry: PRODUCER_RETRY,
      logLevel: logLevel.WARN,
      logCreator: quiet(logger),
    });
  const long = client(CONSUMER_REQUEST_TIMEOUT_MS);
  const makeAdmin = () => client(PRODUCE_TIMEOUT_MS).admin();
  let admin = makeAdmin();
  const makeSender = () => createSender(client(PRODUCE_TIMEOUT_MS));
  let sender = makeSender();
  /**
   * A producer whose send has failed is not used again, nor an admin. kafkajs keeps a broker whose handshake timed out as connected,
   * and then fails every later send at once with "Broker not connected", for ever.
   */
  const renew = (failed: Sender): void => {
    if (sender !== failed) return;
    sender = makeSender();
    failed.retire();
  };
  const renewAdmin = (failed: Admin): void => {
    if (admin === failed) admin = makeAdmin();
    failed.disconnect().catch(() => {});
  };

  return {
    send: async (topic, records) => {
      assertKeyed(records);
      const using = sender;
      return within(clock, SEND_DEADLINE_MS, using.send(topic, records)).catch((error: unknown) => {
        renew(using);
        throw unknownFate(error);
      });
    },
    consumer: (group, mayRestart) => long.consumer(consumerOptions(group, mayRestart)),
    prepare: async (topics) => {
      await createMissing(admin, clock, topics);
      // The first send of a process need not pay for the connection.
      await within(clock, SEND_DEADLINE_MS, sender.connect());
    },
    bounds: (topic) => within(clock, ADMIN_DEADLINE_MS, offsetsOf(admin, topic)),
    ping: async () => {
      const using = admin;
      try {
        await within(clock, PING_DEADLINE_MS, describe(using));
        return true;
      } catch {
        renewAdmin(using);
        return false;
      }
    },
    close: async () => {
      await within(
        clock,
        PING_DEADLINE_MS,
        Promise.allSettled([sender.disconnect(), admin.disconnect()]),
      ).catch(() => {});
    },
  };
}

interface Sender {
  connect(): Promise<void>;
  send(topic: string, records: readonly KafkaRecord[]): Promise<Map<number, string>>;
  /** Disconnects once the sends under way have ended, whatever becomes of them. */
  retire(): void;
  disconnect(): Promise<void>;
}

function createSender(kafka: KafkaJs): Sender {
  const producer = kafka.producer({
    idempotent: false,
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  const connect = once(() => producer.connect());
  const underWay = new Set<Promise<unknown>>();
  const sendAll = async (topic: string, records: readonly KafkaRecord[]) => {
    await connect();
    const first = new Map<number, string>();
    for (const messages of slices(records)) {
      const stored = await producer.send({ topic, acks: -1, timeout: PRODUCE_TIMEOUT_MS, messages });
      for (const { partition, baseOffset } of stored)
        if (!first.has(partition)) first.set(partition, baseOffset ?? '0');
    }
    return first;
  };
  return {
    connect,
    send: (topic, records) => {
      const sending = sendAll(topic, records);
      underWay.add(sending);
      return sending.finally(() => underWay.delete(sending));
    },
    retire: () => {
      Promise.allSettled(underWay)
        .then(() => producer.disconnect())
        .catch(() => {});
    },
    disconnect: () => producer.disconnect(),
  };
}

function consumerOptions(groupId: string, mayRestart: () => boolean) {
  return {
    groupId,
    sessionTimeout: SESSION_TIMEOUT_MS,
    heartbeatInterval: HEARTBEAT_MS,
    rebalanceTimeout: REBALANCE_TIMEOUT_MS,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    maxBytes: FETCH_MAX_BYTES,
    allowAutoTopicCreation: false,
    retry: { ...PRODUCER_RETRY, restartOnFailure: async () => mayRestart() },
  };
}

/** Runs `start` until it has succeeded once; callers meanwhile share the try. */
function once(start: () => Promise<void>): () => Promise<void> {
  let started: Promise<void> | undefined;
  return () => {
    started ??= start().catch((error: unknown) => {
      started = undefined;
      throw error;
    });
    return started;
  };
}

function assertKeyed(records: readonly KafkaRecord[]): void {
  if (records.some(({ key }) => key === ''))
    throw refused('internal', 'a record without a key would lose its order');
}

/** A timeout, a cut connection, too few replicas: the records may be stored or not. */
const unknownFate = (error: unknown): Failure =>
  new Failure({
    code: 'unavailable',
    message: 'Kafka does not answer',
    repeat: 'unsafe',
    retryAfterMs: 2_000,
    cause: error,
  });

async function within<T>(clock: Clock, deadlineMs: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = clock.after(deadlineMs, () => late.reject(new Error(`no answer within ${deadlineMs} ms`)));
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    timer.cancel();
    work.catch(() => {});
  }
}

async function describe(admin: Admin): Promise<number> {
  await admin.connect();
  return (await admin.describeCluster()).brokers.length;
}

const offsetsOf = (admin: Admin, topic: string) => admin.connect().then(() => admin.fetchTopicOffsets(topic));

/**
 * Repeats, because brokers answer "unknown" for a moment after a start, and after another process created the same. A topic that was made just now
 * is there once the leaders of its partitions tell their offsets: before that, a busy broker refuses records for seconds.
 */
async function createMissing(
  admin: Admin,
  clock: Clock,
  topics: (brokers: number) => ITopicConfig[],
): Promise<void> {
  const startUs = clock.monotonicUs();
  const giveUpAtUs = startUs + PREPARE_DEADLINE_MS * 1_000;
  const insistUntilUs = startUs + LEADERS_PATIENCE_MS * 1_000;
  let made = false;
  const createOnce = async () => {
    const wanted = topics(await describe(admin));
    const names = wanted.map(({ topic }) => topic);
    if (await admin.createTopics({ topics: wanted })) made = true;
    await admin.fetchTopicMetadata({ topics: names });
    if (made || clock.monotonicUs() < insistUntilUs)
      await Promise.all(names.map((name) => admin.fetchTopicOffsets(name)));
  };
  for (;;) {
    try {
      return await within(clock, ADMIN_DEADLINE_MS, createOnce());
    } catch (error) {
      if (clock.monotonicUs() >= giveUpAtUs)
        throw unavailable(`Kafka does not answer: ${messageOf(error)}`, error);
      await clock.delay(ADMIN_RETRY_MS);
    }
  }
}

/** What kafkajs calls an error is mostly a reconnect on its way: worth a line only for who looks for one. */
const quiet = (logger: Logger) => () => (entry: { level: logLevel; log: { message: string } }) => {
  if (entry.level <= logLevel.WARN)
    logger.debug('kafka.reported', { reason: entry.log.message.slice(0, 300) });
};

interface RequestQueue {
  pending: unknown[];
  scheduleCheckPendingRequests(): void;
}

/**
 * After every answer kafkajs 2.2.4 sets a timer to look for waiting requests, with a negative delay when it is not throttled,
 * which fires at once and sets the next: 800 wake-ups a second and 6 % of a core at rest, and a TimeoutNegativeWarning on
 * Node 24. With nothing waiting there is nothing to look for; with something waiting its own delay is positive.
 */
function stopIdleSpin(queue: RequestQueue): void {
  const schedule = queue.scheduleCheckPendingRequests;
  queue.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this);
  };
}

stopIdleSpin(
  createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js').prototype as RequestQueue,
);
