// Nobody takes on what customers want to be told: sending waits, says why, and goes on when somebody does.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createRedis, type Redis } from '../../src/base/redis.ts';
import { outboxKeys } from '../../src/ledger/keys.ts';
import { bulk } from '../support/client.ts';
import { redisUrl } from '../support/services.ts';
import { openSink, type Sink } from '../support/sink.ts';
import { type ApiProgram, openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const ENTRIES = 20_000;
let redis: Redis;
let sink: Sink;
let stage: Stage;
let service: ApiProgram;
beforeAll(async () => {
  redis = createRedis(redisUrl(), systemClock);
  sink = await openSink([]);
  stage = await openStage({
    webhooks: [{ url: sink.url, events: ['*'], secret: 'whsec_c2luaw==', allow_private: true }],
  });
  service = await stage.serve(['api']);
  await stage.start(['worker', 'intake', 'dispatch', 'upkeep']);
});
afterAll(async () => {
  await stage?.close();
  await sink?.close();
  await redis?.close();
});

test('a full outbox holds its home until it is emptied', async () => {
  const { outbox } = outboxKeys(stage.namespace, 's:s1');
  const filling = redis.client.pipeline();
  for (let i = 0; i < ENTRIES; i += 1) filling.xadd(outbox, '*', 'job_gone', '1\n!completed\t1\n');
  await filling.exec();
  const { id } = await service.api.send(bulk(20));
  const hold = async () => (await service.api.job(id)).hold?.limit;
  await until(async () => (await hold()) === 'outbox', { what: 'the job says what holds it' });
  expect((await service.api.job(id)).counts).toMatchObject({ queued: 20 });
  await stage.start(['worker', 'notify']);
  expect((await service.api.completed(id)).counts.accepted).toBe(20);
  await until(() => sink.taken('message.accepted').length === 20, { what: 'they are told' });
}, 60_000);
