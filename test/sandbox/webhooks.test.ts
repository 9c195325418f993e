// The sandbox as it speaks by itself: signed statuses late, twice, out of order and before the answer; messages of people; changes.
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../support/until.ts';
import { openSandbox, textTo } from './client.ts';

const SECRET = 'app-secret';

interface Status {
  id: string;
  status: string;
  biz_opaque_callback_data?: string;
  errors?: { code: number }[];
}
interface Value {
  metadata?: { phone_number_id: string };
  statuses?: Status[];
  messages?: { from: string; text: { body: string } }[];
}
interface Counts {
  said: number;
  heard: number;
  given_up: number;
  failed_posts: number;
}

/** A receiver that checks each signature and keeps what it was told; `answers` are its first statuses, then 200. */
async function openReceiver(answers: number[] = []) {
  const posts: { field: string; value: Value }[][] = [];
  let forged = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks);
      const own = `sha256=${createHmac('sha256', SECRET).update(raw).digest('hex')}`;
      if (request.headers['x-hub-signature-256'] !== own) forged += 1;
      const status = answers.shift() ?? 200;
      if (status === 200)
        posts.push(JSON.parse(raw.toString()).entry.flatMap((entry: { changes: object[] }) => entry.changes));
      response.writeHead(status).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const values = () => posts.flat().map(({ value }) => value);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    posts,
    values,
    statuses: () => values().flatMap(({ statuses = [] }) => statuses),
    forged: () => forged,
  };
}

async function open(rules: object, answers: number[] = []) {
  const [sandbox, receiver] = [await openSandbox(), await openReceiver(answers)];
  const webhook = { url: receiver.url, app_secret: SECRET, delay_ms: 1, batch_ms: 1, ...rules };
  await sandbox.control('PUT', 'numbers/100', { throughput: 'unlimited', webhook });
  const counts = async () => (await sandbox.control('GET', 'webhooks')) as Counts;
  const allSaid = () =>
    until(
      async () => {
        const now = await counts();
        return now.said > 0 && now.heard + now.given_up === now.said ? now : undefined;
      },
      { what: 'everything was said' },
    );
  return { sandbox, receiver, allSaid };
}

const people = (count: number) => Array.from({ length: count }, (_, i) => `+1650555${1_000 + i}`);

test('every message gets its statuses with the caller’s own id, signed', async () => {
  const { sandbox, receiver, allSaid } = await open({ read: 1 });
  for (const to of people(10)) await sandbox.send(textTo(to, `ref-${to}`));
  expect(await allSaid()).toMatchObject({ said: 30, heard: 30, failed_posts: 0 });
  expect(receiver.forged()).toBe(0);
  const byRef = Map.groupBy(receiver.statuses(), (status) => status.biz_opaque_callback_data);
  expect(byRef.size).toBe(10);
  for (const own of byRef.values())
    expect(own.map(({ status }) => status).toSorted()).toEqual(['delivered', 'read', 'sent']);
  expect(receiver.values()[0]?.metadata?.phone_number_id).toBe('100');
});

test('duplicates, other orders, failures, skipped and nameless statuses come as often as told', async () => {
  const { sandbox, receiver, allSaid } = await open({
    duplicate: 1,
    reorder: 1,
    skip_delivered: 1,
    no_opaque: 1,
  });
  for (const to of people(20)) await sandbox.send(textTo(to, 'ref'));
  expect((await allSaid()).heard).toBe(80);
  const statuses = receiver.statuses();
  expect(statuses.some(({ biz_opaque_callback_data }) => biz_opaque_callback_data !== undefined)).toBe(false);
  expect(new Set(statuses.map(({ status }) => status))).toEqual(new Set(['sent', 'read']));
  const orders = Map.groupBy(statuses, ({ id }) => id);
  expect([...orders.values()].some((own) => own[0]?.status === 'read')).toBe(true);

  const failing = await open({ fail: 1, fail_code: 131049 });
  await failing.sandbox.send(textTo('+16505551234', 'ref'));
  await failing.allSaid();
  const failed = failing.receiver.statuses().find(({ status }) => status === 'failed');
  expect(failed?.errors?.[0]?.code).toBe(131049);
});

test('a post that is not answered with 200 comes again', async () => {
  const { sandbox, receiver, allSaid } = await open({ read: 0 }, [500, 403, 503]);
  await sandbox.send(textTo('+16505551234', 'ref'));
  expect(await allSaid()).toMatchObject({ said: 2, heard: 2, failed_posts: 3 });
  expect(receiver.statuses()).toHaveLength(2);
});

test('receipts may come before the answer of the call, and for a message whose answer is lost', async () => {
  const { sandbox, receiver, allSaid } = await open({ before_answer: true, delay_ms: 0, batch_ms: 0 });
  await sandbox.control('POST', 'faults', { kind: 'slow', delay_ms: 300, count: 1 });
  const answer = sandbox.send(textTo('+16505551234', 'slow'));
  let answered = false;
  void answer.then(() => {
    answered = true;
  });
  await until(() => receiver.statuses().some(({ status }) => status === 'sent'), { what: 'a receipt' });
  expect(answered).toBe(false);
  await answer;
  await sandbox.control('POST', 'faults', { kind: 'drop_after', count: 1 });
  await expect(sandbox.send(textTo('+16505551235', 'lost'))).rejects.toThrow();
  await allSaid();
  expect(receiver.statuses().some((one) => one.biz_opaque_callback_data === 'lost')).toBe(true);
});

test('messages of people and changes of the account are told, escaped as Meta does', async () => {
  const { sandbox, receiver, allSaid } = await open({});
  await sandbox.control('POST', 'inbound', { number: '100', from: '+16505551234', text: 'STOP é', count: 2 });
  const value = { max_daily_conversations_per_business: 10_000 };
  await sandbox.control('POST', 'changes', { number: '100', field: 'business_capability_update', value });
  await allSaid();
  expect(receiver.forged()).toBe(0);
  const told = receiver.values().flatMap(({ messages = [] }) => messages);
  expect(told.map(({ from, text }) => [from, text.body])).toEqual(Array(2).fill(['16505551234', 'STOP é']));
  expect(receiver.posts.flat().at(-1)).toMatchObject({ field: 'business_capability_update', value });
  const nobody = await sandbox.request('POST', '/control/inbound', { number: '7', from: '16505551234' });
  expect(nobody.status).toBe(400);
});

test('inbound counts against the throughput, and a reply uses no place of the tier', async () => {
  const { sandbox } = await open({});
  await sandbox.control('PUT', 'portfolios/bm', { limit: 1 });
  await sandbox.control('PUT', 'numbers/100', { portfolio: 'bm', throughput: 3 });
  await sandbox.control('POST', 'inbound', { number: '100', from: '16505551234' });
  expect((await sandbox.send(textTo('+16505551234'))).status).toBe(200);
  expect((await sandbox.send(textTo('+16505551235'))).status).toBe(200);
  // The third in this second, the message in counted: three are the limit.
  expect((await sandbox.send(textTo('+16505551236'))).text).toContain('130429');
  await sandbox.control('PUT', 'settings', { clock_offset_ms: 2_000 });
  expect((await sandbox.send(textTo('+16505551236'))).text).toContain('131048');
});
