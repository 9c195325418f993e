// A storm of 429s: everybody is served in the end, nobody twice, and waiting is not an attempt.
import { expect, test } from 'vitest';
import { expectAgreement } from '../support/both-ends.ts';
import { bulk } from '../support/client.ts';
import { servedStage } from '../support/stage.ts';

const RECIPIENTS = 120;
const STRUCK = 60;
const served = servedStage({ senders: [{ id: 's1', throughput: 400 }] });

test('refused for now, sent later, and not counted against the recipient', async () => {
  await served.stage.platform.fault({ kind: 'throttle', count: STRUCK, after: 10 });
  const { id } = await served.service.api.send(bulk(RECIPIENTS));
  const job = await served.service.api.completed(id, 50_000);
  expect(job.counts).toMatchObject({ accepted: RECIPIENTS, failed: 0, unknown: 0 });
  const items = await served.service.api.items(id);
  expectAgreement(job, items, await served.stage.platform.arrivals());
  expect(items.every(({ attempts, error }) => attempts === 1 && error === null)).toBe(true);
  const { totals, repeats } = await served.stage.platform.ledger();
  expect({ repeats, arrivals: totals.arrivals }).toEqual({ repeats: 0, arrivals: RECIPIENTS + STRUCK });
});
