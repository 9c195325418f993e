// Kafka goes away under the API: accepts answer 503 and say when to come back, and the same key later makes one job, sent once. So it does when
// the API is killed between two parts of a job.
import { randomBytes } from 'node:crypto';
import { type Admin, ConfigResourceTypes, Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createRedis, type Redis } from '../../src/base/redis.ts';
import { unsealedKey } from '../../src/ledger/keys.ts';
import { createUnsealed, UNSEALED_MS } from '../../src/ledger/unsealed.ts';
import { takenPerRecipient } from '../support/both-ends.ts';
import { bulk } from '../support/client.ts';
import { type KafkaProxy, openKafkaProxy } from '../support/kafka-proxy.ts';
import { kafkaBrokers, redisUrl } from '../support/services.ts';
import { type ApiProgram, openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const RECIPIENTS = 40;
let kafka: KafkaProxy;
let stage: Stage;
let service: ApiProgram;
let redis: Redis;
let admin: Admin;

beforeAll(async () => {
  redis = createRedis(redisUrl(), systemClock);
  admin = new Kafka({ brokers: kafkaBrokers().split(','), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  kafka = await openKafkaProxy(kafkaBrokers());
  stage = await openStage({ env: { KAFKA_BROKERS: kafka.brokers } });
  service = await stage.serve(['start']);
});
afterAll(async () => {
  await kafka?.heal();
  await stage?.close();
  await kafka?.end();
  await admin?.disconnect();
  await redis?.close();
});

/** Refused with 503 while Kafka is away; the same key afterwards makes one job, and each recipient gets one message. */
async function expectOneJobAfter(
  key: string,
  away: () => Promise<void> | void,
  heal: () => Promise<void> | void = kafka.heal,
): Promise<void> {
  const { api } = service;
  const body = bulk(RECIPIENTS);
  const before = await stage.platform.ledger();
  await away();
  const refused = await api.post(body, key);
  expect(refused.status).toBe(503);
  expect(refused.body.error?.code).toBe('unavailable');
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  await heal();
  const first = await api.send(body, key);
  const again = await api.post(body, key);
  expect(again.status).toBe(202);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(again.body.job?.id).toBe(first.id);
  const { counts } = await api.completed(first.id);
  expect(counts).toMatchObject({ total: RECIPIENTS, accepted: RECIPIENTS });
  const after = await stage.platform.ledger();
  expect(after.totals.taken - before.totals.taken).toBe(RECIPIENTS);
  expect(after.duplicate_attempts).toBe(0);
}

test('connections refused', () => expectOneJobAfter('while-refused', kafka.close));

test('the answer to the append is lost', () => expectOneJobAfter('while-mute', kafka.mute));

test('the broker is there, and refuses', async () => {
  const allow = async (bytes: string): Promise<void> => {
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: ConfigResourceTypes.TOPIC,
          name: `${stage.namespace}.jobs`,
          configEntries: [{ name: 'max.message.bytes', value: bytes }],
        },
      ],
    });
  };
  await expectOneJobAfter(
    'refusing',
    () => allow('10'),
    () => allow('1048576'),
  );
});

/** Texts that cannot be packed: more than one part. */
const large = (first: number) => {
  const messages = Array.from({ length: 260 }, (_, i) => ({
    to: `+1650${first + i}`,
    text: { body: randomBytes(3_000).toString('base64') },
  }));
  return { sender: 's1', messages };
};

const stored = async (): Promise<number> => {
  const offsets = await admin.fetchTopicOffsets(`${stage.namespace}.jobs`);
  return offsets.reduce((sum, { high }) => sum + Number(high), 0);
};

test('killed between two parts of a job: the same key ends it at any time, and nothing of it stays', async () => {
  const bodies = { soon: large(4_000_000), late: large(4_100_000), other: large(4_200_000) };
  kafka.mute();
  for (const [key, body] of Object.entries(bodies)) {
    const before = await stored();
    service.api.post(body, key).catch(() => {});
    await until(async () => (await stored()) > before, { what: `the first part of ${key} is in the log` });
  }
  service.program.kill('SIGKILL');
  await service.program.ended;
  await kafka.heal();
  service = await stage.serve(['start']);
  const { api } = service;
  const watched = unsealedKey(stage.namespace);
  await until(async () => (await redis.client.zcard(watched)) === 3, { what: 'the parts are watched' });
  const claims = await redis.client.keys(`${stage.namespace}:{acme}:idem:*`);
  const end = async (agoMs: number): Promise<void> => {
    for (const claim of claims)
      if ((await redis.client.hget(claim, 's')) === 'p')
        await redis.client.hset(claim, 'l', Date.now() - agoMs);
  };
  expect((await api.post(bodies.soon, 'soon')).status).toBe(409);
  await end(1);
  const ended = [await api.send(bodies.soon, 'soon')];
  const small = bulk(5, {}, 4_300_000);
  expect((await api.post(small, 'other')).status).toBe(422);
  // An hour without another chunk, and with another body that nobody knows of.
  const unsealed = createUnsealed(redis, stage.namespace);
  expect(await unsealed.endOld(Date.now() + 1_000, 10)).toEqual([]);
  const dropped = await unsealed.endOld(Date.now() + UNSEALED_MS + 1_000, 10);
  expect(dropped).toHaveLength(2);
  for (const job of dropped)
    expect(await redis.client.keys(`${stage.namespace}:{s:s1}:job:${job}*`)).toEqual([]);
  ended.push(await api.send(bodies.late, 'late'));
  await end(UNSEALED_MS + 1_000);
  ended.push(await api.send(small, 'other'));
  expect((await api.post(bodies.other, 'other')).status).toBe(422);
  for (const { id, counts } of ended)
    expect((await api.completed(id)).counts).toMatchObject({ accepted: counts.total, unknown: 0 });
  const taken = takenPerRecipient(await stage.platform.arrivals());
  for (const { messages } of [bodies.soon, bodies.late, small] as { messages: { to: string }[] }[])
    for (const { to } of messages) expect(taken.get(to)).toBe(1);
  for (const { to } of bodies.other.messages) expect(taken.has(to)).toBe(false);
});
