// Calls without a clear answer: the platform took the message and then said 500, cut the line, or talked nonsense. At most once is the rule,
// so these are unknown and never sent again.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAgreement } from '../support/both-ends.ts';
import { bulk } from '../support/client.ts';
import type { Fault } from '../support/platform.ts';
import { type ApiProgram, openStage, type Stage } from '../support/stage.ts';

const RECIPIENTS = 60;
const STRUCK = 5;
let stage: Stage;
let service: ApiProgram;
let first = 2_000_000;

beforeAll(async () => {
  stage = await openStage({ senders: [{ id: 's1', throughput: 400 }] });
  service = await stage.serve(['start']);
});
afterAll(() => stage?.close());

test.each<[Fault['kind'], boolean]>([
  ['error_after', true],
  ['drop_after', true],
  ['garbage', true],
  ['drop_before', false],
])('%s: unknown, and not sent again', async (kind, taken) => {
  await stage.platform.fault({ kind, count: STRUCK, after: 20 });
  first += RECIPIENTS;
  const before = (await stage.platform.ledger()).totals;
  const { id } = await service.api.send(bulk(RECIPIENTS, {}, first));
  const job = await service.api.completed(id);
  expect(job.counts).toMatchObject({ accepted: RECIPIENTS - STRUCK, unknown: STRUCK, failed: 0 });
  const items = await service.api.items(id);
  expectAgreement(job, items, await stage.platform.arrivals());
  const { totals, repeats } = await stage.platform.ledger();
  expect(repeats).toBe(0);
  expect(totals.arrivals - before.arrivals).toBe(RECIPIENTS);
  expect(totals.taken - before.taken).toBe(taken ? RECIPIENTS : RECIPIENTS - STRUCK);
});
