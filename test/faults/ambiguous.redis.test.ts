// One answer in twenty decides nothing: cut before or after the platform took the message, a 500, half an answer. Half of the messages get
// receipts. Nobody gets it twice, what was taken and told is never unknown, and what was not taken is never called accepted.
import { expect, test } from 'vitest';
import { expectSum, takenPerRecipient } from '../support/both-ends.ts';
import { bulk } from '../support/client.ts';
import type { Fault } from '../support/platform.ts';
import { servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const RECIPIENTS = 10_000;
const KINDS: Fault['kind'][] = ['drop_before', 'drop_after', 'error_after', 'garbage'];
/** From the last receipt heard to the last item settled. Wanted: 5 s. */
const SETTLED_MS = 10_000;
const served = servedStage({ senders: [{ id: 's1', throughput: 1_000 }] });

test(`${RECIPIENTS} sends, 5 % of the answers ambiguous, half told by receipts: nobody twice`, async () => {
  const { stage, service } = served;
  const { platform } = stage;
  const { api } = service;
  await stage.webhook('s1', service.url, {
    delay_ms: { min: 0, max: 500 },
    silent: 0.5,
    read: 0.3,
    duplicate: 0.1,
  });
  for (const [i, kind] of KINDS.entries()) await platform.fault({ kind, rate: 0.0125, seed: 7 + i });
  const { id } = await api.send(bulk(RECIPIENTS));
  await api.completed(id, 90_000);
  const { ends } = await platform.allHeard();
  const toldMs = Date.now();
  await until(async () => (await api.job(id)).counts.delivered === ends.delivered + ends.read, {
    what: 'what was told is in the ledger',
    timeoutMs: SETTLED_MS,
  });
  const job = await api.job(id);
  console.info(
    `${RECIPIENTS} sends: ${job.counts.unknown} unknown of about ${RECIPIENTS / 20} ambiguous, ` +
      `settled ${Date.now() - toldMs} ms after the last receipt`,
  );
  expectSum(job);
  const taken = takenPerRecipient(await platform.arrivals());
  expect([...taken].filter(([, times]) => times > 1)).toEqual([]);
  const items = await api.items(id);
  const wrong = items.filter(({ status, to }) => {
    if (status === 'unknown') return false;
    return (status === 'accepted' || status === 'delivered' || status === 'read') !== taken.has(to);
  });
  expect(wrong).toEqual([]);
  expect(job.counts.failed).toBe(0);
  // About half of three kinds in four were told of; what was never taken has nothing to be told.
  expect(job.counts.unknown).toBeGreaterThan(RECIPIENTS * 0.01);
  expect(job.counts.unknown).toBeLessThan(RECIPIENTS * 0.05);
}, 180_000);
