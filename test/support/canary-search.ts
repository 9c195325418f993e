// Searches what a test run has left behind for canaries: logs, metrics, answers that are errors, keys of Redis, data of BullMQ, keys and headers
// of Kafka. Gives one line for each place, and how much was searched.
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type EachBatchPayload, Kafka, logLevel } from 'kafkajs';
import { systemClock } from '../../src/base/clock.ts';
// Through the door of kafkajs, for what it mends there.
import '../../src/base/kafka.ts';
import { createRedis, type Redis } from '../../src/base/redis.ts';
import { canariesIn } from './canaries.ts';
import { contentOf } from './redis-content.ts';
import type { Kind } from './run-record.ts';
import { until } from './until.ts';

export interface Searched {
  /** `place: what`. */
  found: Set<string>;
  /** How much of each was looked at: lines, keys, entries, records. */
  looked: Record<'logs' | 'metrics' | 'errors' | 'redisKeys' | 'queueEntries' | 'kafkaRecords', number>;
}

export interface Places {
  folder: string;
  redisUrl: string;
  brokers: string;
}

/** A command's output is for the person who gave it and shows numbers; secrets it does not show. */
const personalIn: Record<Kind, boolean> = {
  service: true,
  sandbox: true,
  metrics: true,
  errors: true,
  command: false,
  namespaces: false,
};
const SCAN_COUNT = 5_000;
const PIECE_KEYS = 500;
const READ_TIMEOUT_MS = 15_000;

export async function searchRun(places: Places): Promise<Searched> {
  const searched: Searched = {
    found: new Set(),
    looked: { logs: 0, metrics: 0, errors: 0, redisKeys: 0, queueEntries: 0, kafkaRecords: 0 },
  };
  const namespaces = new Set<string>();
  for (const file of await readdir(places.folder))
    await searchFile(path.join(places.folder, file), namespaces, searched);
  await Promise.all([
    searchRedis(places.redisUrl, namespaces, searched),
    searchKafka(places.brokers, namespaces, searched),
  ]);
  return searched;
}

function note({ found }: Searched, place: string, text: string, personal = true): void {
  for (const what of canariesIn(text)) if (personal || what === 'secret') found.add(`${place}: ${what}`);
}

async function searchFile(file: string, namespaces: Set<string>, searched: Searched): Promise<void> {
  const kind = path.basename(file).split('-')[0] as Kind;
  const counter = kind === 'metrics' || kind === 'errors' ? kind : 'logs';
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (kind === 'namespaces') namespaces.add(line);
    else {
      searched.looked[counter] += 1;
      const event = /"event":"([^"]+)"/.exec(line)?.[1] ?? line.slice(0, 20);
      if (canariesIn(line).length > 0) note(searched, `${kind} (${event})`, line, personalIn[kind]);
    }
  }
}

/** `{t-…` or `t-…` begin the name of a key, of a queue's also. */
const namespaceOf = (key: string): string => /^\{?(t-[0-9a-f]{12})/.exec(key)?.[1] ?? '';
/** Names of keys differ by what they belong to; a finding names their kind. */
const kindOf = (key: string): string => key.replaceAll(/[0-9a-f]{8,}|\d+/g, '*').slice(0, 80);

async function searchRedis(url: string, namespaces: ReadonlySet<string>, searched: Searched): Promise<void> {
  const redis = createRedis(url, systemClock);
  try {
    for (let cursor = '0', first = true; first || cursor !== '0'; first = false) {
      const [next, keys] = await redis.client.scan(cursor, 'COUNT', SCAN_COUNT);
      cursor = next;
      const ours = keys.filter((key) => namespaces.has(namespaceOf(key)));
      searched.looked.redisKeys += ours.length;
      for (const key of ours) note(searched, `redis key ${kindOf(key)}`, key);
      const queues = ours.filter((key) => key.includes('-queue}'));
      for (let at = 0; at < queues.length; at += PIECE_KEYS)
        await searchQueues(redis, queues.slice(at, at + PIECE_KEYS), searched);
    }
  } finally {
    await redis.close();
  }
}

async function searchQueues(redis: Redis, keys: readonly string[], searched: Searched): Promise<void> {
  const contents = keys.map(async (key) => {
    const content = await contentOf(redis, key);
    searched.looked.queueEntries += Array.isArray(content) ? content.length : 1;
    note(searched, `queue ${kindOf(key)}`, JSON.stringify(content) ?? '');
  });
  await Promise.all(contents);
}

/** Every record of every topic of the run, in one go by one group. */
async function searchKafka(
  brokers: string,
  namespaces: ReadonlySet<string>,
  searched: Searched,
): Promise<void> {
  const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const topics = (await admin.listTopics()).filter((topic) => namespaces.has(namespaceOf(topic)));
  /** Partitions with records, and the last offset of each. */
  const ends = new Map<string, number>();
  for (const topic of topics)
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
      if (Number(high) > Number(low)) ends.set(`${topic} ${partition}`, Number(high) - 1);
  const consumer = kafka.consumer({ groupId: `canaries-${process.pid}`, maxWaitTimeInMs: 100 });
  try {
    if (ends.size === 0) return;
    await consumer.connect();
    await consumer.subscribe({
      topics: [...new Set([...ends.keys()].map((name) => name.split(' ')[0] ?? ''))],
      fromBeginning: true,
    });
    const eachBatch = async ({ batch }: EachBatchPayload): Promise<void> => {
      for (const { key, headers, value } of batch.messages) {
        searched.looked.kafkaRecords += 1;
        const topic = batch.topic.replace(/^[^.]*/, '');
        const named = Object.entries(headers ?? {}).map(([name, said]) => `${name} ${said}`);
        note(searched, `key or header of kafka ${topic}`, `${key} ${named.join(' ')}`);
        note(searched, `record of kafka ${topic}`, String(value), false);
      }
      const name = `${batch.topic} ${batch.partition}`;
      if (Number(batch.lastOffset()) >= (ends.get(name) ?? 0)) ends.delete(name);
    };
    await consumer.run({ autoCommit: false, partitionsConsumedConcurrently: 8, eachBatch });
    await until(() => ends.size === 0, {
      what: `the log is read, but for ${[...ends.keys()].slice(0, 5).join()}`,
      timeoutMs: READ_TIMEOUT_MS,
    });
  } finally {
    await Promise.all([consumer.disconnect(), admin.disconnect()]);
  }
}
