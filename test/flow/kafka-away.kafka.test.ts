// Kafka goes away under the API: accepts answer 503 and say when to come back, and the same key later makes one job, sent once.
import { ConfigResourceTypes, Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bulk } from '../support/client.ts';
import { type KafkaProxy, openKafkaProxy } from '../support/kafka-proxy.ts';
import { kafkaBrokers } from '../support/services.ts';
import { type ApiProgram, openStage, type Stage } from '../support/stage.ts';

const RECIPIENTS = 40;
let kafka: KafkaProxy;
let stage: Stage;
let service: ApiProgram;

beforeAll(async () => {
  kafka = await openKafkaProxy(kafkaBrokers());
  stage = await openStage({ env: { KAFKA_BROKERS: kafka.brokers } });
  service = await stage.serve(['start']);
});
afterAll(async () => {
  await kafka?.heal();
  await stage?.close();
  await kafka?.end();
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
  const admin = new Kafka({ brokers: kafkaBrokers().split(','), logLevel: logLevel.NOTHING }).admin();
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
  await admin.connect();
  await expectOneJobAfter(
    'refusing',
    () => allow('10'),
    () => allow('1048576'),
  );
  await admin.disconnect();
});
