// One send over a real connection: where it goes, as whom, what is written, and what the answer becomes.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { createHttpClient } from '../../../src/base/http.ts';
import { createMeta } from '../../../src/platforms/meta/client.ts';

const http = createHttpClient({ clock: systemClock, connectionsPerOrigin: 1 });
const seen: { method?: string; url?: string; authorization?: string; type?: string; body: unknown }[] = [];
let answer: { status: number; body: object };
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { method = '', url = '', headers } = request;
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
    seen.push({
      method,
      url,
      authorization: headers.authorization ?? '',
      type: headers['content-type'] ?? '',
      body,
    });
    response.writeHead(answer.status).end(JSON.stringify(answer.body));
  });
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const base_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const meta = createMeta(http, systemClock);
const sender = { external_id: '1065403', base_url: `${base_url}/gateway/`, access_token: 'tiny' };
const attempt = {
  to: '+16505551234',
  content: { text: { body: 'Hi {{1}}' } },
  variables: ['Ana'],
  attemptId: 'att_1',
};

afterEach(() => {
  seen.length = 0;
});

test('an accepted message', async () => {
  answer = { status: 200, body: { messages: [{ id: 'wamid.X' }] } };
  const { verdict, writtenAtUs, endedAtUs } = await meta.send(sender, attempt, () => true);
  expect(verdict).toEqual({ outcome: 'accepted', providerId: 'wamid.X', held: false });
  expect(endedAtUs).toBeGreaterThanOrEqual(writtenAtUs ?? Number.POSITIVE_INFINITY);
  expect(seen).toMatchObject([
    {
      method: 'POST',
      url: '/gateway/v23.0/1065403/messages',
      authorization: 'Bearer tiny',
      type: 'application/json',
      body: { to: '+16505551234', text: { body: 'Hi Ana' }, biz_opaque_callback_data: 'att_1' },
    },
  ]);
});

test('a changed token and address are used at once', async () => {
  answer = { status: 200, body: { messages: [{ id: 'wamid.X' }] } };
  const changing = { ...sender };
  await meta.send(changing, attempt, () => true);
  changing.access_token = 'new';
  changing.base_url = base_url;
  await meta.send(changing, attempt, () => true);
  expect(seen.map(({ authorization, url }) => [authorization, url])).toEqual([
    ['Bearer tiny', '/gateway/v23.0/1065403/messages'],
    ['Bearer new', '/v23.0/1065403/messages'],
  ]);
});

test('neither number nor token in what is stored of a refusal', async () => {
  answer = { status: 401, body: { error: { code: 190, message: 'tiny may not write to 16505551234' } } };
  const { verdict } = await meta.send(sender, attempt, () => true);
  expect(verdict).toMatchObject({
    outcome: 'later',
    code: '190',
    moves: 'credentials',
    message: '… may not write to …',
  });
});

test('what may not be written any more', async () => {
  const { verdict, writtenAtUs } = await meta.send(sender, attempt, () => false);
  expect(verdict).toMatchObject({ outcome: 'later', code: 'late', sent: false, counts: false });
  expect(writtenAtUs).toBeUndefined();
  expect(seen).toEqual([]);
});

test.each([
  ['a token that no header carries', { access_token: 'a\nb' }],
  ['an address that is none', { base_url: 'nowhere' }],
])('%s waits for a person, and takes no connection', async (_name, change) => {
  const { verdict } = await meta.send({ ...sender, ...change }, attempt, () => true);
  expect(verdict).toMatchObject({ outcome: 'later', code: 'invalid_credentials', moves: 'credentials' });
});

test('an attempt id of 257 bytes is refused here', async () => {
  const { verdict } = await meta.send(sender, { ...attempt, attemptId: 'é'.repeat(129) }, () => true);
  expect(verdict).toMatchObject({ outcome: 'failed', code: 'invalid_attempt' });
  expect(seen).toEqual([]);
});

test('closing leaves nothing open', async () => {
  await http.close();
  server.close();
  await once(server, 'close');
});
