// A process that has parked many lanes, because they wait for its few calls, is killed with -9: the others go on with all of them within
// seconds, although their leases are long.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAgreement } from '../support/both-ends.ts';
import { bulk } from '../support/client.ts';
import type { Program } from '../support/program.ts';
import { type ApiProgram, numberOf, openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const SENDERS = 30;
const PER_SENDER = 20;
const LATENCY_MS = 400;
/** With two calls at a time a lane waits for many seconds. */
const CALLS = { DISPATCH_CALLS: '2' };
const GAP_MAX_MS = 5_000;
const senders = Array.from({ length: SENDERS }, (_, i) => ({ id: `s${i}`, throughput: 1_000 }));

let stage: Stage;
let service: ApiProgram;
let doomed: Program;

beforeAll(async () => {
  stage = await openStage({ senders });
  for (const { id } of senders) await stage.platform.number(numberOf(id), { latency_ms: LATENCY_MS });
  service = await stage.serve(['api']);
  await stage.start(['worker', 'intake', 'upkeep']);
  doomed = await stage.start(['worker', 'dispatch'], CALLS);
});
afterAll(() => stage?.close());

test('what it had parked goes on elsewhere', async () => {
  const { api } = service;
  const { platform } = stage;
  const jobs: string[] = [];
  for (const [i, { id: sender }] of senders.entries())
    jobs.push((await api.send(bulk(PER_SENDER, { sender }, 5_000_000 + i * 1_000))).id);
  const under = async () => (await platform.ledger()).totals.arrivals;
  // By then every lane has waited long enough to be parked.
  await until(async () => (await under()) >= 24, { what: 'some have gone' });
  const before = await under();
  await doomed.end();
  await stage.start(['worker', 'dispatch']);
  // How long a process takes to start is no part of it.
  const heirAt = performance.now();
  await until(async () => (await under()) > before + 2 * SENDERS, { what: 'the others go on' });
  console.info(
    `kill -9 with parked lanes: on again after ${Math.round(performance.now() - heirAt)} ms of the heir`,
  );
  expect(performance.now() - heirAt).toBeLessThanOrEqual(GAP_MAX_MS);
  const arrivals = async () => platform.arrivals();
  for (const id of jobs) {
    const job = await api.completed(id, 40_000);
    expect(job.counts.accepted + job.counts.unknown).toBe(PER_SENDER);
    expectAgreement(job, await api.items(id), await arrivals());
  }
  expect((await platform.ledger()).repeats).toBe(0);
});
