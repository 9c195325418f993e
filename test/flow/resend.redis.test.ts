// A job that says `on_unknown: resend`: what the platform took without an answer goes once more after its time, unless a receipt tells.
import { expect, test } from 'vitest';
import { bulk, type ItemView } from '../support/client.ts';
import { numberOf, servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const RECIPIENTS = 30;
const STRUCK = 5;
/** Longer than the 6 s that the platform asks for between two messages to one person. */
const served = servedStage({ senders: [{ id: 's1', throughput: 200 }], env: { RESEND_AFTER: '7s' } });

test('without a receipt: one more for each, marked; with receipts: none', async () => {
  const { stage, service } = served;
  const { api } = service;
  await stage.platform.fault({ kind: 'drop_after', count: STRUCK, after: 5 });
  const { id } = await api.send(bulk(RECIPIENTS, { on_unknown: 'resend' }));
  await until(async () => (await api.job(id)).counts.unknown === STRUCK, { what: 'the unknowns' });
  await until(async () => (await api.job(id)).counts.accepted === RECIPIENTS, {
    what: 'all are accepted',
    timeoutMs: 40_000,
  });
  const items = (await api.items(id)) as (ItemView & { possible_duplicate?: boolean })[];
  const twice = items.filter(({ possible_duplicate }) => possible_duplicate);
  expect(twice).toHaveLength(STRUCK);
  expect(twice.every(({ attempts }) => attempts >= 2)).toBe(true);
  expect(await stage.platform.ledger()).toMatchObject({ recipients: RECIPIENTS, repeats: STRUCK });

  await stage.platform.number(numberOf('s1'), { latency_ms: 20 });
  await stage.webhook('s1', service.url, { delay_ms: { min: 0, max: 200 }, read: 0 });
  await stage.platform.fault({ kind: 'drop_after', count: STRUCK, after: 5 });
  const told = await api.send(bulk(RECIPIENTS, { on_unknown: 'resend' }, 3_000_000));
  await until(async () => (await api.job(told.id)).counts.delivered === RECIPIENTS, {
    what: 'all are delivered',
  });
  expect((await stage.platform.ledger()).repeats).toBe(STRUCK);
  expect((await api.items(told.id)).every(({ attempts }) => attempts === 1)).toBe(true);
});
