// The contact routes at the API: each with its errors; what intake does with a job of contacts is in flow/contacts.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SECRETS } from '../accounts/sample.ts';
import { redisUrl } from '../support/services.ts';
import { errorOf, type Harness, startHarness } from './harness.ts';

interface Page {
  data: { id: string; number: string; tags: string[] }[];
  next_cursor: string | null;
}

const ACME = { workspace: 'acme', environment: 'live' } as const;
const as = (secret: string) => ({ authorization: `Bearer ${secret}` });
const STRANGER = as('sk_live_nobody_0123456789abcdef0123456789');
const ONE = JSON.stringify({ sender: 's1', contacts: [{ number: '+16505551234' }] });

let h: Harness;
let ids: string[];
beforeAll(async () => {
  h = await startHarness({ redisUrl: redisUrl() });
  const told = [1, 2, 3].map((n) => ({ number: `+1650555100${n}`, tags: n === 2 ? ['even'] : ['odd'] }));
  ids = await h.contacts.upsert(ACME, told, Date.now());
});
afterAll(() => h.stop());

test.each([
  ['GET', '/v1/contacts'],
  ['GET', '/v1/contacts/con_none'],
  ['DELETE', '/v1/contacts/con_none'],
  ['POST', '/v1/contacts/bulk'],
])('%s %s: 401 without a key, 403 without the scope', async (method, path) => {
  const ask = (headers: Record<string, string>) =>
    h.call(path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(method === 'POST' ? { body: ONE } : {}),
    });
  expect(await errorOf(await ask(STRANGER))).toMatchObject({ status: 401, code: 'unauthorized' });
  expect(await errorOf(await ask(as(SECRETS.acmeReader)))).toMatchObject({ status: 403, code: 'forbidden' });
  expect((await ask({ accept: 'text/csv' })).status).toBe(406);
});

test('GET /v1/contacts: pages by tag, bound to their filter, and only of whom is asking', async () => {
  const list = async (query: string, headers = {}) =>
    (await (await h.call(`/v1/contacts${query}`, { headers })).json()) as Page;
  const first = await list('?tag=odd&limit=1');
  const second = await list(`?tag=odd&limit=1&cursor=${first.next_cursor}`);
  expect([...first.data, ...second.data].map(({ id }) => id).sort()).toEqual([ids[0], ids[2]].sort());
  expect(second.next_cursor).toBeNull();
  for (const other of [SECRETS.bravoKey, SECRETS.acmeTestKey])
    expect((await list('', as(other))).data).toEqual([]);
  for (const query of [
    `?tag=even&cursor=${first.next_cursor}`,
    '?cursor=nonsense',
    '?limit=0',
    '?tag=',
    '?tag=a&tag=b',
    '?updated_after=yesterday',
    '?colour=blue',
  ])
    expect([query, (await errorOf(await h.call(`/v1/contacts${query}`))).status]).toEqual([query, 400]);
});

test('GET and DELETE /v1/contacts/:id: 404 for what is not there, 400 for a query, gone after', async () => {
  const path = `/v1/contacts/${ids[1]}`;
  const drop = (headers = {}) => h.call(path, { method: 'DELETE', headers });
  expect((await h.call(path)).status).toBe(200);
  expect(await errorOf(await h.call(`${path}?x=1`))).toMatchObject({ status: 400, details: [{ path: 'x' }] });
  for (const other of [SECRETS.bravoKey, SECRETS.acmeTestKey])
    expect((await errorOf(await drop(as(other)))).status).toBe(404);
  expect((await drop()).status).toBe(204);
  expect((await errorOf(await drop())).status).toBe(404);
  expect((await errorOf(await h.call(path))).code).toBe('not_found');
  const patched = await h.call(path, { method: 'PATCH' });
  expect([patched.status, patched.headers.get('allow')]).toEqual([405, 'DELETE, GET, HEAD']);
});

test('POST /v1/contacts/bulk: what it refuses', async () => {
  const many = { sender: 's1', contacts: Array.from({ length: 10_001 }, () => ({ external_id: 'a' })) };
  const refused: [string, number, Record<string, string>?][] = [
    ['{', 400],
    ['[]', 400],
    [JSON.stringify(many), 400],
    [JSON.stringify({ sender: 'b1', contacts: [{ number: '+16505551234' }] }), 422],
    [ONE, 415, { 'content-type': 'text/plain' }],
    [' '.repeat(5 * 1024 * 1024 + 1), 413],
    [ONE, 400, { 'idempotency-key': 'a b' }],
  ];
  for (const [body, status, headers] of refused)
    expect((await errorOf(await h.post('/v1/contacts/bulk', body, headers))).status).toBe(status);
  expect((await h.post('/v1/contacts/bulk?x=1', ONE)).status).toBe(400);
});

test('an audience: any or all of its tags; what it refuses, at messages and at plan', async () => {
  const person = (i: number, tags: string[], more = {}) => ({ number: `+165055520${10 + i}`, tags, ...more });
  await h.contacts.upsert(
    ACME,
    [
      person(1, ['x']),
      person(2, ['x', 'y'], { name: 'Two' }),
      person(3, ['y']),
      { external_id: 'none', tags: ['x'] },
    ],
    Date.now(),
  );
  const body = (audience: object | undefined, more: object = {}) =>
    JSON.stringify({ sender: 's1', text: { body: 'Hi' }, audience, ...more });
  const send = async (audience: object) => {
    const answer = await h.post('/v1/messages/bulk', body(audience));
    return (await answer.json()) as { job: { counts: { total: number } }; rejected: object[] };
  };
  const any = await send({ tags: ['x', 'y'] });
  expect(any.job.counts.total).toBe(3);
  expect(any.rejected).toEqual([
    {
      index: expect.any(Number),
      code: 'invalid_recipient',
      message: expect.stringMatching(/con_\w+: has no number/),
    },
  ]);
  expect((await send({ tags: ['x', 'y'], match: 'all' })).job.counts.total).toBe(1);
  const named = await send({
    tags: ['x'],
    match: 'any',
    variables: ['{{name}}', '{{attributes.city|here}}'],
  });
  expect([named.job.counts.total, named.rejected.length]).toEqual([1, 2]);

  await h.contacts.upsert(
    ACME,
    Array.from({ length: 10_001 }, (_, i) => ({ external_id: `many-${i}`, tags: ['many'] })),
    Date.now(),
  );
  const refused: [string, string | undefined, number, string, string][] = [
    ['nobody', body({ tags: ['nobody'] }), 422, 'audience', 'empty'],
    ['too many', body({ tags: ['many'] }), 422, 'audience', 'too_many'],
    ['too many of all', body({ tags: ['many'], match: 'all' }), 422, 'audience', 'too_many'],
    ['no tags', body({ tags: [] }), 400, 'audience.tags', 'too_small'],
    ['a match of no name', body({ tags: ['x'], match: 'some' }), 400, 'audience.match', 'invalid_value'],
    ['an unknown field', body({ tags: ['x'], limit: 1 }), 400, 'audience.limit', 'unknown_field'],
    ['a field of no contact', body({ tags: ['x'], variables: ['{{age}}'] }), 400, 'audience.variables', ''],
    ['both', body({ tags: ['x'] }, { messages: [{ to: '+16505551234' }] }), 400, 'audience', 'ambiguous'],
    ['neither', body(undefined), 400, 'messages', 'required'],
    ['strict', body({ tags: ['x'] }, { validation: 'strict' }), 400, 'messages[', 'invalid_recipient'],
  ];
  for (const path of ['/v1/messages/bulk', '/v1/jobs/plan'])
    for (const [what, asked, status, field, code] of refused) {
      // A plan names what a strict job would refuse.
      if (what === 'strict' && path === '/v1/jobs/plan') continue;
      const error = await errorOf(await h.post(path, asked ?? ''));
      expect([what, path, error.status]).toEqual([what, path, status]);
      expect(error.details?.[0]?.path.startsWith(field)).toBe(true);
      if (code !== '') expect(error.details?.[0]?.code).toBe(code);
    }
  const plan = await h.post('/v1/jobs/plan', body({ tags: ['x', 'y'] }));
  expect(await plan.json()).toMatchObject({ total: 3, rejected_count: 1 });
  // Nobody else's contacts.
  const theirs = JSON.stringify({ sender: 'b1', text: { body: 'Hi' }, audience: { tags: ['x'] } });
  expect((await errorOf(await h.post('/v1/messages/bulk', theirs, as(SECRETS.bravoKey)))).status).toBe(422);
  expect((await h.post('/v1/messages', body({ tags: ['x'] }))).status).toBe(400);
});
