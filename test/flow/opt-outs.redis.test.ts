// What people say over the whole path: a stop word, a start word, a preference at the platform, the platform's refusal, and a person whom the
// platform calls by another number.
import { createHmac } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { takenPerRecipient } from '../support/both-ends.ts';
import { APP_SECRET } from '../support/canaries.ts';
import { API_KEY, bulk } from '../support/client.ts';
import { numberOf, servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const served = servedStage({ senders: [{ id: 's1', throughput: 200 }] });

interface Listed {
  source: string;
  reason: string;
  categories: string[] | null;
}
const listed = async () => {
  const { data } = await served.service.api.get<{ data: Listed[] }>('/v1/suppressions');
  return data.filter(({ source }) => source !== 'desk');
};
/** A workspace's first suppression binds within half a second; the others, which this is about, at once. */
beforeAll(async () => {
  const headers = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ to: '+16505559999', source: 'desk' });
  await fetch(`${served.service.url}/v1/suppressions`, { method: 'POST', headers, body });
});
const suppressedCount = async (count: number): Promise<Listed[]> =>
  until(
    async () => {
      const data = await listed();
      return data.length === count ? data : undefined;
    },
    { what: `${count} suppressions` },
  );
/** What becomes of one message to this person. */
async function sent(to: string, over: Record<string, unknown> = {}): Promise<[string, string | undefined]> {
  const { api } = served.service;
  const { id } = await api.send(bulk(0, { messages: [{ to, variables: ['a', 'b'] }], ...over }));
  await api.completed(id);
  const [item] = await api.items(id);
  return [item?.status ?? '', item?.error?.code];
}
/** What people write is told, what becomes of messages is not. */
const hears = () => served.stage.webhook('s1', served.service.url, { delay_ms: 0, silent: 1 });

/** A webhook that the simulated platform does not tell by itself. */
async function told(field: string, content: object): Promise<void> {
  const metadata = { phone_number_id: numberOf('s1') };
  const changes = [{ field, value: { metadata, ...content } }];
  const body = JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '1', changes }] });
  const signature = `sha256=${createHmac('sha256', APP_SECRET).update(body).digest('hex')}`;
  const headers = { 'content-type': 'application/json', 'x-hub-signature-256': signature };
  const answer = await fetch(`${served.service.url}/hooks/meta/s1`, { method: 'POST', body, headers });
  expect(answer.status).toBe(200);
}

test('a stop word ends marketing and utility, a start word begins them again', async () => {
  const person = '+16505550001';
  await hears();
  await served.stage.platform.inbound(numberOf('s1'), person, 'Stop!');
  expect(await suppressedCount(1)).toMatchObject([
    { source: 'inbound', reason: 'Stop!', categories: ['marketing', 'utility'] },
  ]);
  expect(await sent(person)).toEqual(['suppressed', 'suppressed']);
  expect(await sent(person, { category: 'utility' })).toEqual(['suppressed', 'suppressed']);
  expect(await sent(person, { category: 'authentication' })).toEqual(['accepted', undefined]);
  await served.stage.platform.inbound(numberOf('s1'), person, 'START');
  await suppressedCount(0);
  expect(await sent('+16505550002')).toEqual(['accepted', undefined]);
});

test('a preference at the platform, and its end', async () => {
  const preference = (value: string, timestamp: number) =>
    told('user_preferences', {
      user_preferences: [{ wa_id: '16505550003', category: 'marketing_messages', value, timestamp }],
    });
  const nowS = Math.floor(Date.now() / 1_000);
  await preference('stop', nowS - 20);
  expect(await suppressedCount(1)).toMatchObject([{ source: 'platform', categories: ['marketing'] }]);
  expect(await sent('+16505550003')).toEqual(['suppressed', 'suppressed']);
  await preference('resume', nowS - 10);
  await suppressedCount(0);
  // Told late: they have changed their mind since.
  await preference('stop', nowS - 15);
  await preference('stop', nowS - 20);
  await told('user_preferences', {
    user_preferences: [{ wa_id: '16505550004', value: 'stop', timestamp: nowS }],
  });
  await suppressedCount(1);
  expect(await sent('+16505550003')).toEqual(['accepted', undefined]);
});

test('the refusal of the platform is an opt-out from marketing', async () => {
  const before = (await listed()).length;
  await served.stage.platform.fault({ kind: 'error', code: 131050, count: 1 });
  expect(await sent('+16505550005')).toEqual(['failed', '131050']);
  expect((await suppressedCount(before + 1))[0]).toMatchObject({
    source: 'platform',
    categories: ['marketing'],
  });
  expect(await sent('+16505550005')).toEqual(['suppressed', 'suppressed']);
  expect(await sent('+16505550005', { category: 'utility' })).toEqual(['accepted', undefined]);
});

test('the same, told later by webhook', async () => {
  const before = (await listed()).length;
  const { stage, service } = served;
  await stage.webhook('s1', service.url, { delay_ms: 0, batch_ms: 0, fail: 1, fail_code: 131050 });
  const { id } = await service.api.send(
    bulk(0, { messages: [{ to: '+16505550006', variables: ['a', 'b'] }] }),
  );
  await until(async () => (await service.api.job(id)).counts.failed === 1, { what: 'it failed later' });
  await suppressedCount(before + 1);
  await hears();
  expect(await sent('+16505550006')).toEqual(['suppressed', 'suppressed']);
});

test('one person is one, also where only the platform knows it', async () => {
  const { platform } = served.stage;
  const [written, other] = ['+5491123456789', '+541123456789'];
  await platform.number(numberOf('s1'), { wa_ids: { [written.slice(1)]: other.slice(1) } });
  expect(await sent(written)).toEqual(['accepted', undefined]);
  // They are written to as one number and answer as another.
  await hears();
  const before = (await listed()).length;
  await platform.inbound(numberOf('s1'), other, 'baja');
  await suppressedCount(before + 1);
  expect(await sent(written)).toEqual(['suppressed', 'suppressed']);
  expect(takenPerRecipient(await platform.arrivals()).get(other)).toBe(1);
  // And their pair is one.
  const headers = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' };
  const lifted = await fetch(`${served.service.url}/v1/suppressions`, {
    method: 'DELETE',
    headers,
    body: JSON.stringify({ to: written }),
  });
  expect(await lifted.json()).toMatchObject({ removed: 1 });
});
