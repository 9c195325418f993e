// The platform refuses a recipient for good: that item fails with the platform's code, everybody else is served.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAgreement } from '../support/both-ends.ts';
import { bulk } from '../support/client.ts';
import { type ApiProgram, openStage, type Stage } from '../support/stage.ts';

const RECIPIENTS = 50;
let stage: Stage;
let service: ApiProgram;

beforeAll(async () => {
  stage = await openStage();
  service = await stage.serve(['start']);
});
afterAll(() => stage?.close());

test('131026: failed with its code, once, and the job completes', async () => {
  await stage.platform.fault({ kind: 'error', code: 131026, count: 3, after: 7 });
  const { id } = await service.api.send(bulk(RECIPIENTS));
  const job = await service.api.completed(id);
  expect(job.counts).toMatchObject({ accepted: RECIPIENTS - 3, failed: 3, unknown: 0 });
  const failed = await service.api.items(id, 'failed');
  expect(failed.map(({ error, attempts }) => [error?.code, attempts])).toEqual(Array(3).fill(['131026', 1]));
  expectAgreement(job, await service.api.items(id), await stage.platform.arrivals());
  expect((await stage.platform.ledger()).totals.arrivals).toBe(RECIPIENTS);
});
