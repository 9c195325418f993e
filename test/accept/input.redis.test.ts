import { afterAll, expect, test } from 'vitest';
import { bodyOf, failureOf, openStation, request, rowsOf, sealsOf, template } from './station.ts';

const station = openStation();
const { accept } = station;
afterAll(() => station.redis.close());

test.each<[string, unknown, string, string]>([
  ['broken JSON', '{"sender":', 'invalid_request', ''],
  ['a list', [], 'invalid_request', ''],
  ['null', 'null', 'invalid_request', ''],
  ['no sender', { template, messages: [{ to: '+16505551234' }] }, 'invalid_request', 'sender'],
  ['an unknown sender', bodyOf(1, { sender: 's9' }), 'unprocessable', 'sender'],
  ['a sender of another workspace', bodyOf(1, { sender: 'theirs' }), 'unprocessable', 'sender'],
  ['a sender of another environment', bodyOf(1, { sender: 'toy' }), 'unprocessable', 'sender'],
  ['a disabled sender', bodyOf(1, { sender: 'off' }), 'unprocessable', 'sender'],
  ['an empty list', bodyOf(0), 'invalid_request', 'messages'],
  ['10,001 messages', bodyOf(10_001), 'invalid_request', 'messages'],
  ['an unknown field', bodyOf(1, { sendr: 's1' }), 'invalid_request', 'sendr'],
  ['a start beyond 30 days', bodyOf(1, { send_at: '2999-01-01T00:00:00Z' }), 'invalid_request', 'send_at'],
  ['a finish in the past', bodyOf(1, { finish_by: '2020-01-01T00:00:00Z' }), 'invalid_request', 'finish_by'],
  [
    'a finish beyond 45 days',
    bodyOf(1, { finish_by: '2999-01-01T00:00:00Z' }),
    'invalid_request',
    'finish_by',
  ],
  [
    'a spread beyond the finish',
    bodyOf(1, { spread: '2h', finish_by: new Date(Date.now() + 3_600_000).toISOString() }),
    'invalid_request',
    'spread',
  ],
  [
    'a finish that the rate does not allow',
    bodyOf(800, { finish_by: new Date(Date.now() + 5_000).toISOString() }),
    'unprocessable',
    'finish_by',
  ],
  ['an empty key', bodyOf(1, { idempotency_key: '' }), 'invalid_request', 'idempotency_key'],
  ['a key that is none', bodyOf(1, { idempotency_key: 7 }), 'invalid_request', 'idempotency_key'],
  ['no good row', bodyOf(0, { messages: [{ to: 'x' }] }), 'unprocessable', 'messages[0].to'],
  [
    'a bad row when strict',
    bodyOf(0, { validation: 'strict', messages: [{ to: '+16505551234' }, { to: 'x' }] }),
    'invalid_request',
    'messages[1].to',
  ],
])('%s', async (_what, body, code, path) => {
  const failure = await failureOf(accept.bulk(request(body)));
  expect([failure.code, failure.details[0]?.path ?? '']).toEqual([code, path]);
});

test('a finish that the rate allows is taken, and ends the job', async () => {
  const own = openStation();
  const finish = Date.now() + 60_000;
  const body = bodyOf(3, { spread: '30s', finish_by: new Date(finish).toISOString() });
  await own.accept.bulk(request(body));
  expect(sealsOf(await own.records())).toMatchObject([{ spread_ms: 30_000, expires_at: finish }]);
  await own.redis.close();
});

test('a finish too soon is told the earliest that can be', async () => {
  // 800 at 80 a second, the sender's rate: 799 steps of 12.5 ms.
  const before = Date.now();
  const failure = await failureOf(
    accept.bulk(request(bodyOf(800, { finish_by: new Date(before + 5_000).toISOString() }))),
  );
  const told = Date.parse(/\d{4}-\S+Z/.exec(failure.message)?.[0] ?? '') - before;
  expect(told).toBeGreaterThanOrEqual(9_988);
  expect(told).toBeLessThan(11_000);
});

test('bytes that are no UTF-8, and a key of odd characters', async () => {
  const raw = Buffer.from([0x7b, 0xff, 0x7d]);
  expect((await failureOf(accept.bulk(request({}, 'k', { raw })))).code).toBe('invalid_request');
  for (const key of ['', 'a b', 'ключ', 'x'.repeat(256), '"'])
    expect([
      key,
      await accept.bulk(request(bodyOf(1), key)).then(
        () => 'taken',
        () => 'refused',
      ),
    ]).toEqual([key, key === '"' ? 'taken' : 'refused']);
  expect((await failureOf(accept.bulk(request(bodyOf(1, { idempotency_key: 'a' }), 'b')))).code).toBe(
    'invalid_request',
  );
});

test('good rows go, bad rows and repeats are named, and the seal counts them', async () => {
  const own = openStation();
  const messages = [
    { to: '+16505550001' },
    { to: 'x' },
    { to: '1 (650) 555-0001' },
    { to: '+16505550002', extra: 1 },
    { to: '+16505550003' },
  ];
  const reply = await own.accept.bulk(
    request(bodyOf(0, { messages, send_at: '2020-01-01T00:00:00Z', expires_after: '1h' }), 'key'),
  );
  expect(reply.rejected.map(({ index, code }) => `${index} ${code}`)).toEqual([
    '1 invalid_recipient',
    '3 invalid_message',
  ]);
  expect(reply.duplicates).toEqual([{ index: 2, of: 0 }]);
  const records = await own.records();
  const [seal] = sealsOf(records);
  expect(seal).toMatchObject({
    job: reply.job,
    rows: 5,
    total: 2,
    rejected_count: 2,
    duplicate_count: 1,
    starts: [0],
    content: { template },
  });
  expect(seal?.expires_at).toBe((seal?.created_at ?? 0) + 3_600_000);
  expect(rowsOf(records)).toEqual([['+16505550001'], 0, 0, 0, ['+16505550003']]);
  expect(own.created).toEqual([seal]);
  await own.redis.close();
});

test('one message is a job of one, of high priority', async () => {
  const own = openStation();
  const { messages: _, ...rest } = bodyOf(0);
  const route = 'POST /v1/messages';
  const reply = await own.accept.one(
    request({ ...rest, to: '+16505550001', reference: 'r' }, 'key', { route }),
  );
  const records = await own.records();
  expect(sealsOf(records)).toMatchObject([{ job: reply.job, total: 1, priority: 'high' }]);
  expect(rowsOf(records)).toEqual([['+16505550001', 0, 'r']]);
  const failure = await failureOf(own.accept.one(request({ ...rest, to: 'x' })));
  expect([failure.code, failure.details[0]?.path]).toEqual(['unprocessable', 'to']);
  await own.redis.close();
});
