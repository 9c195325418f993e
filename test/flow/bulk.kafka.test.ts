// The whole path with Kafka as the log, by separate processes: everybody once, and both ends count the same.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAgreement } from '../support/both-ends.ts';
import { bulk } from '../support/client.ts';
import { kafkaBrokers } from '../support/services.ts';
import { type ApiProgram, openStage, type Stage } from '../support/stage.ts';

const RECIPIENTS = 1_200;
const PER_SECOND = 400;
let stage: Stage;
let service: ApiProgram;

beforeAll(async () => {
  stage = await openStage({
    senders: [{ id: 's1', throughput: PER_SECOND }],
    env: { KAFKA_BROKERS: kafkaBrokers() },
  });
  service = await stage.serve(['api']);
  await stage.start(['worker', 'intake', 'upkeep']);
  await Promise.all([stage.start(['worker', 'dispatch']), stage.start(['worker', 'dispatch'])]);
});
afterAll(() => stage?.close());

test('three chunks through Kafka, every recipient once', async () => {
  const { id } = await service.api.send(bulk(RECIPIENTS));
  const job = await service.api.completed(id, 40_000);
  expect(job.counts).toMatchObject({ total: RECIPIENTS, accepted: RECIPIENTS, unknown: 0 });
  expectAgreement(job, await service.api.items(id), await stage.platform.arrivals());
  const { violations, repeats } = await stage.platform.ledger();
  expect({ violations: violations.total, repeats }).toEqual({ violations: 0, repeats: 0 });
});
