// The throughput of a number is changed in the accounts file and applied by SIGHUP while a job runs: it binds what still waits.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bulk } from '../support/client.ts';
import { event } from '../support/program.ts';
import { type ApiProgram, openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const SLOW = 20;
const FAST = 200;
const RECIPIENTS = 260;
let stage: Stage;
let service: ApiProgram;

beforeAll(async () => {
  stage = await openStage({ senders: [{ id: 's1', throughput: SLOW }] });
  service = await stage.serve(['start']);
});
afterAll(() => stage?.close());

test('twenty a second, then two hundred, without a violation in between', async () => {
  const { program, api } = service;
  const { id } = await api.send(bulk(RECIPIENTS));
  const begun = async () => (await stage.platform.ledger()).totals.arrivals >= 2 * SLOW;
  await until(begun, { what: 'two seconds at the old rate' });
  const slow = await stage.platform.ledger();
  expect(slow.numbers['number-s1']?.highest['1000ms']).toBeLessThanOrEqual(SLOW);
  await stage.accounts([{ id: 's1', throughput: FAST }]);
  program.kill('SIGHUP');
  await program.seen('the file is applied', (line) => {
    const applied = event('accounts.applied')(line);
    return applied && Number(applied.count) === 1 ? applied : undefined;
  });
  const job = await api.completed(id, 8_000);
  expect(job.counts.accepted).toBe(RECIPIENTS);
  const ledger = await stage.platform.ledger();
  expect(ledger.violations.total).toBe(0);
  expect(ledger.numbers['number-s1']?.highest['1000ms']).toBeGreaterThan(SLOW);
});

test('a broken file changes nothing and says why', async () => {
  const { program, api } = service;
  await stage.accounts([{ id: 's1', throughput: -1 }], { platform: false });
  program.kill('SIGHUP');
  await program.seen('the file is refused', event('accounts.refused'));
  const { id } = await api.send(bulk(20, {}, 5_000_000));
  expect((await api.completed(id)).counts.accepted).toBe(20);
});
