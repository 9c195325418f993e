// A storm of 429s: everybody is served in the end, nobody twice, and waiting is not an attempt.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAgreement } from '../support/both-ends.ts';
import { bulk } from '../support/client.ts';
import { type ApiProgram, openStage, type Stage } from '../support/stage.ts';

const RECIPIENTS = 120;
const STRUCK = 60;
let stage: Stage;
let service: ApiProgram;

beforeAll(async () => {
  stage = await openStage({ senders: [{ id: 's1', throughput: 400 }] });
  service = await stage.serve(['start']);
});
afterAll(() => stage?.close());

test('refused for now, sent later, and not counted against the recipient', async () => {
  await stage.platform.fault({ kind: 'throttle', count: STRUCK, after: 10 });
  const { id } = await service.api.send(bulk(RECIPIENTS));
  const job = await service.api.completed(id, 50_000);
  expect(job.counts).toMatchObject({ accepted: RECIPIENTS, failed: 0, unknown: 0 });
  const items = await service.api.items(id);
  expectAgreement(job, items, await stage.platform.arrivals());
  expect(items.every(({ attempts, error }) => attempts === 1 && error === null)).toBe(true);
  const { totals, repeats } = await stage.platform.ledger();
  expect({ repeats, arrivals: totals.arrivals }).toEqual({ repeats: 0, arrivals: RECIPIENTS + STRUCK });
});
