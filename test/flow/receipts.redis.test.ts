// Receipts over the whole path: the platform tells late, twice, out of order and before its own answers, and the API counts what is true.
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { expectSum } from '../support/both-ends.ts';
import { APP_SECRET } from '../support/canaries.ts';
import { bulk, type Client, type JobView } from '../support/client.ts';
import { numberOf, servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const PER_SECOND = 200;
const LOST_PLACE_MS = 25_000;
const served = servedStage({ senders: [{ id: 's1', throughput: PER_SECOND }] });
let first = 2_000_000;

/** The platform answers after 30 ms, and its receipts do not wait for that. */
async function told(rules: Record<string, unknown>): Promise<void> {
  const { stage, service } = served;
  await stage.platform.number(numberOf('s1'), { latency_ms: 30 });
  await stage.webhook('s1', service.url, { batch_ms: 5, before_answer: true, ...rules });
}

/** A job whose receipts were all heard; `ends` are what the platform said last of its messages. */
async function sendAndHear(count: number) {
  const { stage, service } = served;
  const before = await stage.platform.webhooks();
  const { id } = await service.api.send(bulk(count, {}, first));
  first += count;
  await service.api.completed(id);
  const { ends } = await stage.platform.allHeard();
  const since = (end: keyof typeof ends) => ends[end] - before.ends[end];
  return { id, delivered: since('delivered'), read: since('read'), failed: since('failed') };
}

/** The receipts station works behind the 200: waits until the job's counts are these. */
async function settledAt(api: Client, id: string, counts: Partial<JobView['counts']>): Promise<JobView> {
  let seen: JobView['counts'] | undefined;
  const fits = async () => {
    const job = await api.job(id);
    seen = job.counts;
    return Object.entries(counts).every(([name, count]) => seen?.[name as 'read'] === count)
      ? job
      : undefined;
  };
  try {
    return await until(fits, { what: 'the counts', timeoutMs: 10_000 });
  } catch (error) {
    throw new Error(`${JSON.stringify(seen)}, not ${JSON.stringify(counts)}`, { cause: error });
  }
}

test('late, twice, out of order, skipped, before the answer: the counts are what was said', async () => {
  const COUNT = 400;
  await told({
    delay_ms: { min: 0, max: 300 },
    duplicate: 0.3,
    reorder: 0.5,
    skip_delivered: 0.2,
    read: 0.5,
    fail: 0.1,
  });
  const { id, delivered, read, failed } = await sendAndHear(COUNT);
  expect(delivered + read + failed).toBe(COUNT);
  expect(Math.min(delivered, read, failed)).toBeGreaterThan(0);
  const { api } = served.service;
  const job = await settledAt(api, id, { delivered: delivered + read, read, failed });
  expectSum(job);
  expect(job.counts).toMatchObject({ total: COUNT, accepted: delivered + read, unknown: 0 });
  expect(job.progress).toBe(1);

  const items = await api.items(id);
  expect(items.filter(({ status }) => status === 'read')).toHaveLength(read);
  expect(items.every(({ provider_id }) => provider_id?.startsWith('wamid.'))).toBe(true);
  for (const { status, error } of items) expect(error?.code).toBe(status === 'failed' ? '131026' : undefined);

  const ledger = await served.stage.platform.ledger();
  expect(ledger).toMatchObject({ recipients: COUNT, repeats: 0, violations: { total: 0 } });
  // A place that is lost to a receipt before its answer comes back after 31 s only: then this would take so long.
  const spanMs = ledger.numbers[numberOf('s1')]?.span_ms ?? 0;
  expect(spanMs).toBeLessThan(LOST_PLACE_MS);
});

test('a message whose answer was lost is unknown until its receipt, and is not sent again', async () => {
  const COUNT = 60;
  await told({ delay_ms: { min: 0, max: 100 }, read: 0 });
  const { platform } = served.stage;
  const before = await platform.ledger();
  await platform.fault({ kind: 'drop_after', count: 5, after: 5 });
  await platform.fault({ kind: 'error_after', count: 5, after: 5 });
  const { id } = await sendAndHear(COUNT);
  const job = await settledAt(served.service.api, id, { delivered: COUNT, unknown: 0, failed: 0 });
  expectSum(job);
  const after = await platform.ledger();
  expect([after.totals.taken - before.totals.taken, after.repeats]).toEqual([COUNT, 0]);
});

test('receipts without our id change nothing, and those of nobody neither', async () => {
  const COUNT = 20;
  await told({ delay_ms: 0, no_opaque: 1 });
  const { id } = await sendAndHear(COUNT);
  const { api, url } = served.service;
  const statuses = [
    { id: 'wamid.none', status: 'read', timestamp: '1750030073', biz_opaque_callback_data: 'none' },
  ];
  const value = { metadata: { phone_number_id: numberOf('s1') }, statuses };
  const post = (secret: string) => {
    const body = JSON.stringify({
      object: 'whatsapp_business_account',
      entry: [{ id: '1', changes: [{ field: 'messages', value }] }],
    });
    const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
    return fetch(`${url}/hooks/meta/s1`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature },
    });
  };
  expect((await post(APP_SECRET)).status).toBe(200);
  expect((await post('another secret')).status).toBe(403);
  const metrics = () => fetch(`${url}/metrics`).then((answer) => answer.text());
  await until(async () => /receipts_total\{fate="no_attempt"\} (4\d|5\d|61)/.test(await metrics()), {
    what: 'all of them were looked at',
  });
  expect((await api.job(id)).counts).toMatchObject({ accepted: COUNT, delivered: 0, read: 0 });
});
