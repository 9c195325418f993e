// Receipts with Kafka as the log: told late and twice, counted once, by a receipts process of its own.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectSum } from '../support/both-ends.ts';
import { bulk } from '../support/client.ts';
import { kafkaBrokers } from '../support/services.ts';
import { type ApiProgram, openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const RECIPIENTS = 200;
let stage: Stage;
let service: ApiProgram;
beforeAll(async () => {
  stage = await openStage({ env: { KAFKA_BROKERS: kafkaBrokers() } });
  service = await stage.serve(['api']);
  await Promise.all([
    stage.start(['worker', 'receipts']),
    stage.start(['worker', 'intake', 'dispatch', 'upkeep']),
  ]);
});
afterAll(() => stage?.close());

test('every receipt is in the ledger, once', async () => {
  await stage.webhook('s1', service.url, {
    delay_ms: { min: 0, max: 200 },
    duplicate: 0.3,
    reorder: 0.5,
    fail: 0.1,
  });
  const { api } = service;
  const { id } = await api.send(bulk(RECIPIENTS));
  await api.completed(id);
  const { ends } = await stage.platform.allHeard();
  const fits = async () => {
    const { counts } = await api.job(id);
    return counts.delivered === ends.delivered + ends.read && counts.read === ends.read;
  };
  await until(fits, { what: 'the counts', timeoutMs: 30_000 });
  const job = await api.job(id);
  expectSum(job);
  expect(job.counts).toMatchObject({ total: RECIPIENTS, failed: ends.failed });
  expect((await stage.platform.ledger()).repeats).toBe(0);
});
