// The search itself: what is planted in each place is found there, and what belongs there is not.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { systemClock as clock } from '../../src/base/clock.ts';
import { createKafka } from '../../src/base/kafka.ts';
import { silentLogger as logger } from '../../src/base/logger.ts';
import { createRedis } from '../../src/base/redis.ts';
import { kafkaTopic } from '../../src/log/keys.ts';
import { ACCESS_TOKEN } from './canaries.ts';
import { searchRun } from './canary-search.ts';
import { kafkaBrokers, redisUrl } from './services.ts';

const NUMBER = '+16502000001';

test('what is planted is found, wherever it is', async () => {
  // Not kept with those of the run, whose search must find nothing.
  const namespace = `t-${randomBytes(6).toString('hex')}`;
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-planted-'));
  const file = (name: string, text: string) => writeFile(path.join(folder, `${name}-1.txt`), text);
  await file('namespaces', `${namespace}\n`);
  await file('service', `{"event":"planted","to":"${NUMBER}"}\n{"event":"clean","at":16502000001234}\n`);
  await file('command', `sent to ${NUMBER}\nwith ${ACCESS_TOKEN}\n`);
  await file('metrics', `sluice_planted{text="Canary 7"} 1\n`);
  await file('errors', `{"error":{"message":"whsec_${'A'.repeat(43)}="}}\n`);
  const redis = createRedis(redisUrl(), clock);
  const queue = `{${namespace}-queue}:tickets:1`;
  await redis.client.hset(queue, 'failedReason', `could not send to ${NUMBER}`);
  await redis.client.set(`${namespace}:person:${NUMBER}`, '');
  const brokers = kafkaBrokers();
  const kafka = createKafka({ brokers: brokers.split(','), clientId: 'test', clock, logger });
  const topic = kafkaTopic(namespace, 'events');
  await kafka.prepare(() => [{ topic, numPartitions: 1 }]);
  await kafka.send(topic, [
    { key: 'job_1', headers: { to: NUMBER }, value: `{"to":"${NUMBER}"}` },
    { key: 'job_2', headers: {}, value: `{"token":"${ACCESS_TOKEN}","to":"${NUMBER}"}` },
  ]);
  const { found } = await searchRun({ folder, redisUrl: redisUrl(), brokers });
  await redis.client.del(queue, `${namespace}:person:${NUMBER}`);
  await Promise.all([redis.close(), kafka.close(), rm(folder, { recursive: true })]);
  expect([...found].sort()).toEqual([
    'command (with sandbox-access-): secret',
    'errors ({"error":{"message":): secret',
    'key or header of kafka .events: number',
    'metrics (sluice_planted{text=): text',
    'queue {t-*-queue}:tickets:*: number',
    'record of kafka .events: secret',
    'redis key t-*:person:+*: number',
    'service (planted): number',
  ]);
});
