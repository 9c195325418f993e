// Webhooks with Kafka as the log, each station a process of its own, two of them delivering: each move once.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bulk } from '../support/client.ts';
import { kafkaBrokers } from '../support/services.ts';
import { openSink, type Sink } from '../support/sink.ts';
import { type ApiProgram, openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const RECIPIENTS = 200;
const SECRET = `whsec_${Buffer.from('another secret of 32 bytes or so').toString('base64')}`;
let sink: Sink;
let stage: Stage;
let service: ApiProgram;
beforeAll(async () => {
  sink = await openSink([SECRET]);
  stage = await openStage({
    env: { KAFKA_BROKERS: kafkaBrokers() },
    webhooks: [{ url: sink.url, events: ['*'], secret: SECRET, allow_private: true }],
  });
  service = await stage.serve(['api']);
  await Promise.all([
    stage.start(['worker', 'notify']),
    stage.start(['worker', 'notify']),
    stage.start(['worker', 'intake', 'dispatch', 'receipts', 'upkeep']),
  ]);
});
afterAll(async () => {
  await stage?.close();
  await sink?.close();
});

test('each move is told once, and signed', async () => {
  const { id } = await service.api.send(bulk(RECIPIENTS));
  await service.api.completed(id);
  const told = (type: string) => sink.taken(type).length;
  await until(() => told('message.accepted') >= RECIPIENTS && told('job.completed') >= 1, {
    what: 'everything is told',
    timeoutMs: 30_000,
  });
  const events = sink.taken().map((event) => event.id);
  expect(new Set(events).size).toBe(events.length);
  expect(sink.calls.every(({ valid }) => valid)).toBe(true);
});
