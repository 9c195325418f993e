// What the platform says of more than one message: it is held, said with its reason, and goes on when it is over. Nobody fails for it.
import { expect, test } from 'vitest';
import { bulk } from '../support/client.ts';
import { numberOf, servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const TOKEN = 'sandbox-access-token';
const served = servedStage({
  senders: [
    { id: 's1', throughput: 50 },
    { id: 's2', throughput: 50 },
  ],
});

test('a token that is refused holds its sender, fails nobody, and one call tries a new one at once', async () => {
  const { stage, service } = served;
  const { api } = service;
  await stage.platform.number(numberOf('s1'), { token: 'another' });
  const { id } = await api.send(bulk(200));
  const held = async () => ((await api.job(id)).hold?.limit === 'credentials' ? api.job(id) : undefined);
  const { counts, hold } = await until(held, { what: 'the job says that its credentials are refused' });
  expect(counts).toMatchObject({ failed: 0, unknown: 0, accepted: 0 });
  expect(hold?.until).not.toBeNull();
  // Other senders do not notice.
  await api.completed((await api.send(bulk(5, { sender: 's2' }, 3_000_000))).id);
  const refused = (await stage.platform.ledger()).numbers[numberOf('s1')]?.arrivals ?? 0;
  expect(refused).toBeLessThan(60);

  await stage.platform.number(numberOf('s1'), { token: TOKEN });
  await api.patch('/v1/senders/s1', { throughput: 100 });
  const job = await api.completed(id);
  expect(job.counts).toMatchObject({ total: 200, accepted: 200, failed: 0 });
  expect((await api.items(id)).every(({ attempts }) => attempts === 1)).toBe(true);
});

test('a paused template holds its own messages, of every job, and no others; freed, they go', async () => {
  const { stage, service } = served;
  const { api } = service;
  const number = numberOf('s2');
  const templates = (status: string) => [
    { name: 'order_ready', language: 'en_US', params: 2, status },
    { name: 'other', language: 'en_US', params: 2 },
  ];
  await stage.platform.number(number, { templates: templates('PAUSED') });
  await stage.webhook('s2', service.url);
  const waits = await api.send(bulk(100, { sender: 's2' }, 4_000_000));
  const goes = await api.send(
    bulk(100, { sender: 's2', template: { name: 'other', language: 'en_US' } }, 5_000_000),
  );
  expect((await api.completed(goes.id)).counts.accepted).toBe(100);
  const told = async () => (await api.job(waits.id)).hold?.limit === 'template';
  await until(told, { what: 'the other job says that its template is held' });
  const items = await api.items(waits.id);
  expect(items.every(({ status, hold }) => status === 'queued' && hold?.limit === 'template')).toBe(true);

  await stage.platform.number(number, { templates: templates('APPROVED') });
  await stage.platform.change(number, 'message_template_status_update', {
    event: 'APPROVED',
    message_template_name: 'order_ready',
    message_template_language: 'en_US',
  });
  expect((await api.completed(waits.id)).counts.accepted).toBe(100);
  expect((await stage.platform.ledger()).repeats).toBe(0);
});

test('a person who gets too much marketing rests for a day, from marketing only', async () => {
  const { stage, service } = served;
  const { api } = service;
  await stage.platform.number(numberOf('s2'), { templates: null });
  await stage.platform.fault({ kind: 'error', code: 131049, count: 1, number: numberOf('s2') });
  const one = (over: Record<string, unknown>) => bulk(1, { sender: 's2', ...over }, 6_000_000);
  const first = await api.send(one({}));
  const resting = async (id: string) => (await api.items(id))[0]?.hold?.limit === 'recipient';
  await until(() => resting(first.id), { what: 'the message waits for its person' });
  const until24h = Date.parse((await api.items(first.id))[0]?.hold?.until ?? '') - Date.now();
  expect(until24h).toBeGreaterThan(23.9 * 3_600_000);

  const second = await api.send(one({}));
  await until(() => resting(second.id), { what: 'so does the next of its kind' });
  const useful = await api.send(one({ category: 'utility' }));
  expect((await api.completed(useful.id)).counts.accepted).toBe(1);
});
