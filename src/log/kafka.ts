// The log on Kafka: the truth that survives Redis. Entries with one key share a partition and keep their order.
import type { Clock } from '../base/clock.ts';
import { createKafka, type ITopicConfig } from '../base/kafka.ts';
import type { Logger } from '../base/logger.ts';
import { assertFits } from './entry.ts';
import { readDead } from './kafka-dead.ts';
import { followTopic } from './kafka-follower.ts';
import { createHistory } from './kafka-history.ts';
import { kafkaGroup, kafkaTopic } from './keys.ts';
import type { Appended, Follower, Log, LogEntry, Topic } from './port.ts';
import { createWork } from './work.ts';

/** Upper bound of followers that share `jobs`. */
const JOBS_PARTITIONS = 12;
/** Homes are spread over them, and what is keyed must not move: fixed for good. */
const ATTEMPTS_PARTITIONS = 24;
const STATE_PARTITIONS = 6;
/** A message has about three receipts, and a busy number several hundred a second. */
const RECEIPTS_PARTITIONS = 24;
const EVENTS_PARTITIONS = 12;
const AUDIT_PARTITIONS = 1;
const DEAD_PARTITIONS = 1;
const DAY_MS = 86_400_000;
/** The longest life of a job (45 d) and a week to recover. */
const JOBS_KEPT_MS = 52 * DAY_MS;
/** A platform repeats for a week what it could not bring. */
const RECEIPTS_KEPT_MS = 8 * DAY_MS;
/** As long as a person counts, and a week to recover. */
const ATTEMPTS_KEPT_MS = 8 * DAY_MS;
const EVENTS_KEPT_MS = 30 * DAY_MS;
const AUDIT_KEPT_MS = 90 * DAY_MS;
const DEAD_KEPT_MS = 30 * DAY_MS;
const REPLICAS = 3;
/** With three replicas one may be down, and what was acknowledged is on two. */
const MIN_IN_SYNC = 2;
const BATCH_MAX_BYTES = 1024 * 1024;

export interface KafkaLogOptions {
  brokers: readonly string[];
  namespace: string;
  clock: Clock;
  logger: Logger;
}

export function createKafkaLog({ brokers, namespace, clock, logger }: KafkaLogOptions): Log {
  const kafka = createKafka({ brokers, clientId: namespace, clock, logger });
  const followers = new Set<Follower>();
  const append = async (topic: Topic, entries: readonly LogEntry[]): Promise<Appended> => {
    assertFits(entries);
    return entries.length > 0 ? kafka.send(kafkaTopic(namespace, topic), entries) : new Map();
  };
  return {
    prepare: () => kafka.prepare((count) => topicsFor(namespace, count)),
    append,
    follow: async (options) => {
      const work = createWork(options, { clock, logger, park: (entry) => append('dead', [entry]) });
      const names = {
        topicName: kafkaTopic(namespace, options.topic),
        groupName: kafkaGroup(namespace, options.group),
      };
      const follower = followTopic({ kafka, clock, logger, work, ...names }, options);
      followers.add(follower);
      return { ...follower, stop: () => follower.stop().finally(() => followers.delete(follower)) };
    },
    history: createHistory({ kafka, clock, namespace }),
    dead: (page) => readDead({ kafka, clock, topicName: kafkaTopic(namespace, 'dead') }, page),
    ping: () => kafka.ping(),
    close: async () => {
      await Promise.all([...followers].map((follower) => follower.stop()));
      await kafka.close();
    },
  };
}

function topicsFor(namespace: string, brokers: number): ITopicConfig[] {
  const topicOf = (topic: Topic, numPartitions: number, kept: Kept[]): ITopicConfig => ({
    topic: kafkaTopic(namespace, topic),
    numPartitions,
    replicationFactor: Math.min(REPLICAS, brokers),
    configEntries: [
      ...kept,
      { name: 'max.message.bytes', value: String(BATCH_MAX_BYTES) },
      { name: 'min.insync.replicas', value: String(brokers >= REPLICAS ? MIN_IN_SYNC : 1) },
      { name: 'unclean.leader.election.enable', value: 'false' },
    ],
  });
  return [
    topicOf('jobs', JOBS_PARTITIONS, keptFor(JOBS_KEPT_MS)),
    topicOf('attempts', ATTEMPTS_PARTITIONS, keptFor(ATTEMPTS_KEPT_MS)),
    topicOf('receipts', RECEIPTS_PARTITIONS, keptFor(RECEIPTS_KEPT_MS)),
    topicOf('events', EVENTS_PARTITIONS, keptFor(EVENTS_KEPT_MS)),
    topicOf('state', STATE_PARTITIONS, COMPACTED),
    topicOf('audit', AUDIT_PARTITIONS, keptFor(AUDIT_KEPT_MS)),
    topicOf('dead', DEAD_PARTITIONS, keptFor(DEAD_KEPT_MS)),
  ];
}

/** What was taken back, and who was forgotten, is gone from its files a day later. */
const COMPACTED: Kept[] = [
  { name: 'cleanup.policy', value: 'compact' },
  { name: 'max.compaction.lag.ms', value: String(DAY_MS) },
  { name: 'segment.ms', value: String(DAY_MS) },
];

interface Kept {
  name: string;
  value: string;
}

const keptFor = (ms: number): Kept[] => [
  { name: 'cleanup.policy', value: 'delete' },
  { name: 'retention.ms', value: String(ms) },
];
