// The process that works off receipts is killed with -9 again and again while they come in. The next one goes on where it stopped: no receipt
// is lost, and none counts twice.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectSum } from '../support/both-ends.ts';
import { bulk } from '../support/client.ts';
import { type ApiProgram, openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const RECIPIENTS = 1_500;
const KILLS = 4;
let stage: Stage;
let service: ApiProgram;
beforeAll(async () => {
  stage = await openStage({ senders: [{ id: 's1', throughput: 500 }] });
  service = await stage.serve(['api']);
  await stage.start(['worker', 'intake', 'dispatch', 'upkeep']);
});
afterAll(() => stage?.close());

test(`${KILLS} kills among ${RECIPIENTS} messages: every receipt is in the ledger, once`, async () => {
  const { platform } = stage;
  const { api } = service;
  await stage.webhook('s1', service.url, {
    delay_ms: { min: 0, max: 800 },
    duplicate: 0.2,
    reorder: 0.3,
    fail: 0.1,
  });
  const worker = () => stage.start(['worker', 'receipts']);
  let living = await worker();
  const { id } = await api.send(bulk(RECIPIENTS));
  for (let kill = 1; kill <= KILLS; kill++) {
    const share = (RECIPIENTS * kill) / (KILLS + 1);
    await until(async () => (await api.job(id)).counts.accepted >= share, { what: `${share} are accepted` });
    await living.end();
    living = await worker();
  }
  await api.completed(id, 60_000);
  const { ends } = await platform.allHeard();
  const fits = async () => {
    const { counts } = await api.job(id);
    return (
      counts.delivered === ends.delivered + ends.read &&
      counts.read === ends.read &&
      counts.failed === ends.failed
    );
  };
  // What a killed process held is taken over after 10 s.
  await until(fits, { what: 'the counts are what was said', timeoutMs: 40_000 });
  const job = await api.job(id);
  expectSum(job);
  expect(job.counts).toMatchObject({ total: RECIPIENTS, unknown: 0, queued: 0, sending: 0 });
  expect((await platform.ledger()).repeats).toBe(0);
}, 120_000);
