// The door to kafkajs. Its timer that spins at rest: there without the door, gone behind it.
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Kafka as KafkaJs } from 'kafkajs';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createKafka } from '../../src/base/kafka.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { freshNamespace, kafkaBrokers } from '../support/services.ts';
import { until } from '../support/until.ts';

const IDLE_MS = 2_000;
const QUEUE = 'kafkajs/src/network/requestQueue/index.js';
const load = createRequire(import.meta.url);

interface RequestQueue {
  checkPendingRequests(): void;
}

/** Counts what the timer calls; answers to requests call it too, a few times a second. */
function countLooks(prototype: RequestQueue): () => number {
  const look = prototype.checkPendingRequests;
  let looks = 0;
  prototype.checkPendingRequests = function (this: RequestQueue) {
    looks += 1;
    look.call(this);
  };
  onTestFinished(() => {
    prototype.checkPendingRequests = look;
  });
  return () => looks;
}

function hearWarnings(): string[] {
  const heard: string[] = [];
  const listen = ({ name }: Error) => void heard.push(name);
  process.on('warning', listen);
  onTestFinished(() => void process.off('warning', listen));
  return heard;
}

async function idle(): Promise<void> {
  const endsAt = performance.now() + IDLE_MS;
  await until(() => performance.now() > endsAt, { what: 'the idle time' });
}

/** A second copy of the library, as it comes. */
function withoutTheDoor(): { queue: RequestQueue; Library: typeof KafkaJs } {
  const ours = Object.entries(load.cache).filter(([path]) => path.includes('/kafkajs/'));
  for (const [path] of ours) delete load.cache[path];
  const copy = { Library: load('kafkajs').Kafka, queue: load(QUEUE).prototype };
  for (const path of Object.keys(load.cache)) if (path.includes('/kafkajs/')) delete load.cache[path];
  Object.assign(load.cache, Object.fromEntries(ours));
  return copy;
}

const open = () => {
  const kafka = createKafka({
    brokers: kafkaBrokers().split(','),
    clientId: 'test',
    clock: systemClock,
    logger: silentLogger,
  });
  onTestFinished(() => kafka.close());
  return kafka;
};

async function freshTopic(kafka: ReturnType<typeof open>, settings: [name: string, value: string][] = []) {
  const topic = freshNamespace();
  const configEntries = settings.map(([name, value]) => ({ name, value }));
  await kafka.prepare(() => [{ topic, numPartitions: 1, replicationFactor: 1, configEntries }]);
  return topic;
}

test('a connected producer and consumer rest while nothing happens', async () => {
  const warnings = hearWarnings();
  const looks = countLooks(load(QUEUE).prototype);
  const kafka = open();
  const topic = await freshTopic(kafka);
  const consumer = kafka.consumer(randomUUID(), () => true);
  onTestFinished(() => consumer.disconnect());
  const got = Promise.withResolvers<void>();
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({ eachMessage: async () => got.resolve() });
  await kafka.send(topic, [{ key: 'k', headers: {}, value: 'v' }]);
  await got.promise;
  const before = looks();
  expect(before).toBeGreaterThan(0);
  await idle();
  expect(looks() - before).toBeLessThan(20);
  expect(warnings).toEqual([]);
});

test('without the door one producer alone never rests', async () => {
  const warnings = hearWarnings();
  const { Library, queue } = withoutTheDoor();
  const looks = countLooks(queue);
  const producer = new Library({ brokers: kafkaBrokers().split(','), logLevel: 0 }).producer();
  onTestFinished(() => producer.disconnect());
  await producer.connect();
  const before = looks();
  await idle();
  expect(looks() - before).toBeGreaterThan(500);
  expect(warnings).toContain('TimeoutNegativeWarning');
});

test('what waits behind a throttle is sent when it ends', async () => {
  const queue = new (load(QUEUE))({
    clientId: 'test',
    broker: 'none',
    requestTimeout: 1_000,
    logger: { debug: () => {} },
  });
  queue.maybeThrottle(30);
  const sent = Promise.withResolvers<void>();
  queue.push({
    entry: { correlationId: 1, resolve: () => {}, reject: () => {} },
    expectResponse: true,
    sendRequest: sent.resolve,
  });
  expect(queue.pending).toHaveLength(1);
  await sent.promise;
  expect(queue.pending).toHaveLength(0);
});

test('what is sent at once may be more than a topic takes in one batch', async () => {
  const kafka = open();
  const topic = await freshTopic(kafka, [['max.message.bytes', String(1024 * 1024)]]);
  const value = 'x'.repeat(256 * 1024);
  await kafka.send(
    topic,
    Array.from({ length: 9 }, () => ({ key: 'one-key', headers: {}, value })),
  );
});

test('a topic nobody made is not made by a send', async () => {
  const send = open().send(freshNamespace(), [{ key: 'k', headers: {}, value: 'v' }]);
  await expect(send).rejects.toMatchObject({ code: 'unavailable', repeat: 'unsafe' });
});

test('a record without a key is not sent', async () => {
  const kafka = open();
  const topic = await freshTopic(kafka);
  await expect(kafka.send(topic, [{ key: '', headers: {}, value: 'v' }])).rejects.toMatchObject({
    repeat: 'never',
  });
});
