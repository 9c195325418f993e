// With Kafka every call is in the log before the platform sees it, and what became of it after; while the log takes nothing, nothing is
// called, the job says so, and no attempt is counted.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AttemptsRecord, attemptsRecordSchema } from '../../src/contract/attempt.ts';
import { openLog } from '../log/open.ts';
import { bulk } from '../support/client.ts';
import { type KafkaProxy, openKafkaProxy } from '../support/kafka-proxy.ts';
import { kafkaBrokers } from '../support/services.ts';
import { type ApiProgram, numberOf, openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const RECIPIENTS = 300;
const PER_SECOND = 100;
let kafka: KafkaProxy;
let stage: Stage;
let service: ApiProgram;

beforeAll(async () => {
  kafka = await openKafkaProxy(kafkaBrokers());
  stage = await openStage({
    senders: [{ id: 's1', throughput: PER_SECOND }],
    env: { KAFKA_BROKERS: kafka.brokers },
  });
  service = await stage.serve(['start']);
});
afterAll(async () => {
  await kafka?.heal();
  await stage?.close();
  await kafka?.end();
});

async function recordsUntil(enough: (records: AttemptsRecord[]) => boolean): Promise<AttemptsRecord[]> {
  const log = openLog('kafka', stage.namespace);
  const records: AttemptsRecord[] = [];
  const follower = await log.follow({
    topic: 'attempts',
    group: 'test',
    handle: async ({ value }) => void records.push(attemptsRecordSchema.parse(JSON.parse(value))),
  });
  await until(() => enough(records), { what: 'all attempts are in the log', timeoutMs: 30_000 });
  await follower.stop();
  await log.close();
  return records;
}

const rowsOf = (run: string): number => {
  const [, from, to] = run.split(':').map(Number);
  return (to ?? 0) - (from ?? 0) + 1;
};

const startsOf = (records: AttemptsRecord[]) =>
  records.flatMap(({ entries }) => entries.flatMap((entry) => (entry.type === 'started' ? entry : [])));
const endsOf = (records: AttemptsRecord[]) =>
  records.flatMap(({ entries }) =>
    entries.flatMap((entry) => (entry.type === 'settled' ? entry.jobs.flatMap(({ items }) => items) : [])),
  );

test('started before it arrives, settled after', async () => {
  const { api } = service;
  const { id } = await api.send(bulk(RECIPIENTS));
  expect((await api.completed(id)).counts.accepted).toBe(RECIPIENTS);
  const records = await recordsUntil((all) => endsOf(all).length >= RECIPIENTS);
  const starts = startsOf(records);
  const calls = starts.flatMap(({ at, runs }) =>
    runs.flatMap((run) => Array.from({ length: rowsOf(run) }, () => at)),
  );
  expect(calls).toHaveLength(RECIPIENTS);
  const arrivals = (await stage.platform.arrivals())
    .map(({ at }) => Date.parse(at))
    .toSorted((a, b) => a - b);
  for (const [i, at] of calls.toSorted((a, b) => a - b).entries())
    expect(at).toBeLessThanOrEqual((arrivals[i] ?? 0) + 1);
  const seqs = starts.map(({ seq }) => seq);
  expect(new Set(seqs).size).toBe(seqs.length);
  expect(endsOf(records).every(({ to, id }) => to === 'a' && id?.startsWith('wamid.'))).toBe(true);
  expect((await stage.platform.ledger()).numbers[numberOf('s1')]?.highest['1000ms']).toBeLessThanOrEqual(
    PER_SECOND,
  );
});

test('while the log is silent nothing is called', async () => {
  const { api } = service;
  const before = (await stage.platform.ledger()).totals.arrivals;
  const { id } = await api.send(bulk(RECIPIENTS, {}, 4_000_000));
  const some = async () => (await stage.platform.ledger()).totals.arrivals > before + 50;
  await until(some, { what: 'some have left' });
  kafka.mute();
  const held = async () => (await api.job(id)).hold?.limit === 'log';
  await until(held, { what: 'the job says that the log is away' });
  const then = (await stage.platform.ledger()).totals.arrivals;
  expect((await api.job(id)).counts).toMatchObject({ failed: 0, unknown: 0 });
  expect((await stage.platform.ledger()).totals.arrivals).toBe(then);
  await kafka.heal();
  const job = await api.completed(id, 60_000);
  expect(job.counts).toMatchObject({ accepted: RECIPIENTS, unknown: 0, failed: 0 });
  for (const item of await api.items(id)) expect(item.attempts).toBe(1);
  expect(await stage.platform.ledger()).toMatchObject({ repeats: 0, violations: { total: 0 } });
});
