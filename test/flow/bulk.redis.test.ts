// The whole path over HTTP: a job goes in, everybody gets it once, and both ends count the same.
import { expect, test } from 'vitest';
import { bulk } from '../support/client.ts';
import { numberOf, servedStage } from '../support/stage.ts';

const RECIPIENTS = 400;
const PER_SECOND = 200;
const served = servedStage({ senders: [{ id: 's1', throughput: PER_SECOND }] });

test('every recipient once, at the rate, and counted the same at both ends', async () => {
  const { api } = served.service;
  const { id } = await api.send(bulk(RECIPIENTS));
  const { counts, progress } = await api.completed(id);
  expect(counts).toMatchObject({
    total: RECIPIENTS,
    accepted: RECIPIENTS,
    queued: 0,
    sending: 0,
    unknown: 0,
  });
  expect(progress).toBe(1);

  const ledger = await served.stage.platform.ledger();
  expect(ledger).toMatchObject({ recipients: RECIPIENTS, repeats: 0, duplicate_attempts: 0 });
  expect(ledger.totals).toMatchObject({ arrivals: RECIPIENTS, taken: RECIPIENTS, answered_ok: RECIPIENTS });
  expect(ledger.violations.total).toBe(0);
  const number = ledger.numbers[numberOf('s1')];
  expect(number?.highest['1000ms']).toBeLessThanOrEqual(PER_SECOND);

  const items = await api.items(id);
  expect(items.map(({ index }) => index)).toEqual(Array.from({ length: RECIPIENTS }, (_, i) => i));
  expect(items.every(({ status, attempts }) => status === 'accepted' && attempts === 1)).toBe(true);
  expect(new Set(items.map(({ provider_id }) => provider_id)).size).toBe(RECIPIENTS);
  const arrived = new Set((await served.stage.platform.arrivals()).map(({ to }) => to));
  expect(items.every(({ to }) => arrived.has(to.slice(1)))).toBe(true);
});
