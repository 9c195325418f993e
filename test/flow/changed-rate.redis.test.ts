// The throughput of a number is changed in the accounts file and applied by SIGHUP while a job runs: it binds what still waits.
import { expect, test } from 'vitest';
import { bulk } from '../support/client.ts';
import { event } from '../support/program.ts';
import { servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const SLOW = 20;
const FAST = 200;
const RECIPIENTS = 260;
const served = servedStage({ senders: [{ id: 's1', throughput: SLOW }] });

test('twenty a second, then two hundred, without a violation in between', async () => {
  const { program, api } = served.service;
  const { id } = await api.send(bulk(RECIPIENTS));
  const begun = async () => (await served.stage.platform.ledger()).totals.arrivals >= 2 * SLOW;
  await until(begun, { what: 'two seconds at the old rate' });
  const slow = await served.stage.platform.ledger();
  expect(slow.numbers['number-s1']?.highest['1000ms']).toBeLessThanOrEqual(SLOW);
  await served.stage.accounts([{ id: 's1', throughput: FAST }]);
  program.kill('SIGHUP');
  await program.seen('the file is applied', (line) => {
    const applied = event('accounts.applied')(line);
    return applied && Number(applied.count) === 1 ? applied : undefined;
  });
  const job = await api.completed(id, 8_000);
  expect(job.counts.accepted).toBe(RECIPIENTS);
  const ledger = await served.stage.platform.ledger();
  expect(ledger.violations.total).toBe(0);
  expect(ledger.numbers['number-s1']?.highest['1000ms']).toBeGreaterThan(SLOW);
});

test('a broken file changes nothing and says why', async () => {
  const { program, api } = served.service;
  await served.stage.accounts([{ id: 's1', throughput: -1 }], { platform: false });
  program.kill('SIGHUP');
  await program.seen('the file is refused', event('accounts.refused'));
  const { id } = await api.send(bulk(20, {}, 5_000_000));
  expect((await api.completed(id)).counts.accepted).toBe(20);
});
