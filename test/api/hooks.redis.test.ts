// Platform webhooks at the API: who may post, what ends in the log, and that nobody speaks for another workspace's numbers.
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { receiptRecordSchema } from '../../src/contract/receipt.ts';
import { createAttemptIds } from '../../src/ledger/attempt-id.ts';
import { SECRETS } from '../accounts/sample.ts';
import { redisUrl } from '../support/services.ts';
import { errorOf, type Harness, startHarness } from './harness.ts';

const S1 = '106540352242922';
const B1 = '3';
let api: Harness;
beforeAll(async () => {
  api = await startHarness({ redisUrl: redisUrl() });
});
afterAll(() => api.stop());

const status = (id: string, attemptId?: string) => ({
  id,
  status: 'delivered',
  timestamp: '1750030073',
  recipient_id: '16505551234',
  ...(attemptId === undefined ? {} : { biz_opaque_callback_data: attemptId }),
});
const change = (number: string, statuses: object[]) => ({
  field: 'messages',
  value: { metadata: { display_phone_number: '1', phone_number_id: number }, statuses },
});
const bodyOf = (...changes: object[]): string =>
  JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '102', changes }] });
const sign = (body: string, secret = SECRETS.appSecret): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

/** As Meta posts: no API key. */
const post = (body: string, signature: string | undefined, path = '/hooks/meta/s1'): Promise<Response> =>
  fetch(api.url + path, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      ...(signature === undefined ? {} : { 'x-hub-signature-256': signature }),
    },
  });

async function stored() {
  const entries = await api.redis.client.xrange(`${api.namespace}:log:receipts`, '-', '+');
  return entries.map(([, fields]) => ({
    key: fields[fields.indexOf('key') + 1],
    record: receiptRecordSchema.parse(JSON.parse(fields[fields.indexOf('value') + 1] ?? '')),
  }));
}

test('the handshake', async () => {
  const ask = (token: string, sender = 's1') =>
    fetch(`${api.url}/hooks/meta/${sender}?hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=42`);
  const answer = await ask(SECRETS.verifyToken);
  expect([answer.status, await answer.text()]).toEqual([200, '42']);
  for (const refused of [await ask('wrong'), await ask('nobody', 's2'), await ask('nobody', 'none')])
    expect(await errorOf(refused)).toMatchObject({ status: 403, code: 'forbidden' });
});

test('a signed body is stored by job, else by sender, and only then answered', async () => {
  const { job } = await api.bulk(2);
  const ids = createAttemptIds(api.secret);
  const body = bodyOf(
    change(S1, [
      status('wamid.1', ids.make(job.id, 0, 1)),
      status('wamid.2', 'none of ours'),
      status('wamid.3'),
      status('wamid.4', ids.make(job.id, 1, 2)),
    ]),
    // Another number of the same workspace: Meta posts per app.
    change('2', [status('wamid.5')]),
    { field: 'business_capability_update', value: { max_daily_conversations_per_business: 10_000 } },
  );
  expect((await post(body, sign(body))).status).toBe(200);
  const records = await stored();
  expect(records.map(({ key }) => key)).toEqual([job.id, 's1', 's2', 's1']);
  expect(records[0]?.record).toMatchObject({
    type: 'statuses',
    workspace: 'acme',
    sender: 's1',
    account: '102',
    job: job.id,
    statuses: [
      { id: 'wamid.1', status: 'delivered', index: 0, try: 1 },
      { id: 'wamid.4', index: 1, try: 2 },
    ],
  });
  expect(records[1]?.record).toMatchObject({ statuses: [{ id: 'wamid.2' }, { id: 'wamid.3' }] });
  expect(records[3]?.record).toMatchObject({ type: 'account', change: { limit: 10_000 } });
});

test('forged, unsigned and strangers: none of 400 gets in, and all hear the same', async () => {
  const before = (await stored()).length;
  const body = bodyOf(change(S1, [status('wamid.forged')]));
  const good = sign(body);
  const forged = [
    undefined,
    '',
    'sha256=',
    good.replace('sha256=', 'sha1='),
    sign(body, 'other'),
    sign(body, ''),
    sign(`${body} `),
    ...Array.from({ length: 93 }, (_, at) => {
      const digit = 7 + (at % 64);
      return good.slice(0, digit) + (good[digit] === '0' ? '1' : '0') + good.slice(digit + 1);
    }),
  ];
  // s2 has no secret, b1 belongs to others, nobody is nobody: a right signature of s1 opens none of them.
  const paths = ['/hooks/meta/s2', '/hooks/meta/b1', '/hooks/meta/nobody', '/hooks/other/s1'];
  const answers = await Promise.all([
    ...forged.map((signature) => post(body, signature)),
    ...paths.flatMap((path) => Array.from({ length: 75 }, () => post(body, good, path))),
  ]);
  expect(answers).toHaveLength(400);
  const said = await Promise.all(
    answers.map(async (answer) => {
      const { status: code, message } = await errorOf(answer);
      return `${code} ${message}`;
    }),
  );
  expect(new Set(said)).toEqual(new Set(['403 This webhook is not signed as it should be.']));
  expect(await stored()).toHaveLength(before);
});

test('a workspace says nothing about the numbers of another: dropped, and 200', async () => {
  const before = (await stored()).length;
  const body = bodyOf(change(B1, [status('wamid.b')]), change('unknown', [status('wamid.u')]));
  expect((await post(body, sign(body))).status).toBe(200);
  expect(await stored()).toHaveLength(before);
  expect(await api.metrics.text()).toMatch(/webhook_changes_total\{fate="foreign"\} 2/);
});

test('1,000 statuses in one post are split into records below the bound of the log', async () => {
  const { job } = await api.bulk(2);
  const ids = createAttemptIds(api.secret);
  const statuses = Array.from({ length: 1_000 }, (_, i) =>
    status(`wamid.${'A'.repeat(60)}${i}`, ids.make(job.id, i, 1)),
  );
  const before = (await stored()).length;
  const body = bodyOf(change(S1, statuses));
  expect((await post(body, sign(body))).status).toBe(200);
  const records = (await stored()).slice(before).map(({ record }) => record);
  expect(records).toHaveLength(2);
  expect(records.flatMap((record) => (record.type === 'statuses' ? record.statuses : []))).toHaveLength(
    1_000,
  );
  for (const record of records) expect(JSON.stringify(record).length).toBeLessThan(150_000);
});

test('signed nonsense is refused, and a body above 3 MB too', async () => {
  const nonsense = '{"object":"page"}';
  expect((await post(nonsense, sign(nonsense))).status).toBe(400);
  const large = JSON.stringify({ object: 'x'.repeat(3 * 1024 * 1024) });
  expect((await post(large, sign(large))).status).toBe(413);
});
