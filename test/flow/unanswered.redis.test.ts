// Calls without a clear answer: the platform took the message and then said 500, cut the line, or talked nonsense. At most once is the rule,
// so these are unknown and never sent again.
import { expect, test } from 'vitest';
import { expectAgreement } from '../support/both-ends.ts';
import { bulk } from '../support/client.ts';
import type { Fault } from '../support/platform.ts';
import { servedStage } from '../support/stage.ts';

const RECIPIENTS = 60;
const STRUCK = 5;
const served = servedStage({ senders: [{ id: 's1', throughput: 400 }] });
let first = 2_000_000;

test.each<[Fault['kind'], boolean]>([
  ['error_after', true],
  ['drop_after', true],
  ['garbage', true],
  ['drop_before', false],
])('%s: unknown, and not sent again', async (kind, taken) => {
  await served.stage.platform.fault({ kind, count: STRUCK, after: 20 });
  first += RECIPIENTS;
  const before = (await served.stage.platform.ledger()).totals;
  const { id } = await served.service.api.send(bulk(RECIPIENTS, {}, first));
  const job = await served.service.api.completed(id);
  expect(job.counts).toMatchObject({ accepted: RECIPIENTS - STRUCK, unknown: STRUCK, failed: 0 });
  const items = await served.service.api.items(id);
  expectAgreement(job, items, await served.stage.platform.arrivals());
  const { totals, repeats } = await served.stage.platform.ledger();
  expect(repeats).toBe(0);
  expect(totals.arrivals - before.arrivals).toBe(RECIPIENTS);
  expect(totals.taken - before.taken).toBe(taken ? RECIPIENTS : RECIPIENTS - STRUCK);
});
