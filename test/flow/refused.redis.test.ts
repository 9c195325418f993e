// The platform refuses a recipient for good: that item fails with the platform's code, everybody else is served.
import { expect, test } from 'vitest';
import { expectAgreement } from '../support/both-ends.ts';
import { bulk } from '../support/client.ts';
import { servedStage } from '../support/stage.ts';

const RECIPIENTS = 50;
const served = servedStage();

test('131026: failed with its code, once, and the job completes', async () => {
  await served.stage.platform.fault({ kind: 'error', code: 131026, count: 3, after: 7 });
  const { id } = await served.service.api.send(bulk(RECIPIENTS));
  const job = await served.service.api.completed(id);
  expect(job.counts).toMatchObject({ accepted: RECIPIENTS - 3, failed: 3, unknown: 0 });
  const failed = await served.service.api.items(id, 'failed');
  expect(failed.map(({ error, attempts }) => [error?.code, attempts])).toEqual(Array(3).fill(['131026', 1]));
  expectAgreement(job, await served.service.api.items(id), await served.stage.platform.arrivals());
  expect((await served.stage.platform.ledger()).totals.arrivals).toBe(RECIPIENTS);
});
