// Suppressions over HTTP: who may see and change them, what is a mistake, and that no number comes back out or is kept.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SECRETS } from '../accounts/sample.ts';
import { redisUrl } from '../support/services.ts';
import { errorOf, type Harness, startHarness } from './harness.ts';

interface View {
  id: string;
  reason: string;
  source: string;
  categories: string[] | null;
  created_at: string;
}
interface Added {
  created: number;
  existing: number;
  rejected_count: number;
  data: { index: number; id: string; created: boolean }[];
  rejected: { index: number; code: string; message: string }[];
}
interface List {
  data: View[];
  has_more: boolean;
  next_cursor: string | null;
}

let h: Harness;
beforeAll(async () => {
  h = await startHarness({ redisUrl: redisUrl() });
});
afterAll(() => h.stop());

const as = (secret: string) => ({ authorization: `Bearer ${secret}` });
const PATH = '/v1/suppressions';
const json = { 'content-type': 'application/json' };

async function add(body: unknown, headers: Record<string, string> = {}): Promise<Added> {
  const answer = await h.post(PATH, JSON.stringify(body), headers);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Added;
}
const remove = (body: unknown, headers: Record<string, string> = {}) =>
  h.call(PATH, { method: 'DELETE', body: JSON.stringify(body), headers: { ...json, ...headers } });
const list = async (query = '', headers: Record<string, string> = {}): Promise<List> => {
  const answer = await h.call(PATH + query, { headers });
  expect(answer.status).toBe(200);
  return (await answer.json()) as List;
};

test('one number or many, twice is once, and what is no number is said', async () => {
  const one = await add({ to: '+1 650 555 0001', reason: 'asked by mail' });
  expect(one).toMatchObject({ created: 1, existing: 0, rejected_count: 0, rejected: [] });
  expect(one.data).toEqual([{ index: 0, id: expect.stringMatching(/^sup_[\w-]{16}$/), created: true }]);
  const many = await add({ to: ['+16505550001', 'nobody', '+16505550002'], categories: ['marketing'] });
  expect(many).toMatchObject({ created: 1, existing: 1, rejected_count: 1 });
  expect(many.rejected).toEqual([
    { index: 1, code: 'invalid_recipient', message: expect.stringContaining('country code') },
  ]);
  expect(many.data.map(({ index, created }) => [index, created])).toEqual([
    [0, false],
    [2, true],
  ]);
  expect(many.data[0]?.id).toBe(one.data[0]?.id);

  const answer = await h.call(`${PATH}/${one.data[0]?.id}`);
  // All categories stay all.
  expect(await answer.json()).toMatchObject({ reason: 'asked by mail', source: 'api', categories: null });
  expect(await (await h.call(`${PATH}/${many.data[1]?.id}`)).json()).toMatchObject({
    categories: ['marketing'],
  });
});

test('categories add up, and the first time stays', async () => {
  const { data } = await add({ to: '+16505550010', categories: ['marketing'], source: 'inbound' });
  const id = data[0]?.id;
  const before = (await (await h.call(`${PATH}/${id}`)).json()) as View;
  await add({ to: '+16505550010', categories: ['utility'], reason: 'complaint', source: 'desk' });
  expect(await (await h.call(`${PATH}/${id}`)).json()).toEqual({
    ...before,
    categories: ['marketing', 'utility'],
    reason: 'complaint',
    source: 'desk',
  });
});

test('one person is one, also where a number is written in two ways', async () => {
  const ids = async (to: string[]) => (await add({ to })).data.map(({ id }) => id);
  const [long, short] = await ids(['+5511987654321', '+551187654321']);
  expect(long).toBe(short);
  const [mobile, plain] = await ids(['+5215512345678', '+525512345678']);
  expect(mobile).toBe(plain);
  const [other, landline] = await ids(['+5511912345678', '+551112345678']);
  expect(other).not.toBe(landline);
});

test('pages, newest first, of which many are of one moment', async () => {
  const headers = as(SECRETS.bravoKey);
  const first = await add({ to: '+16505550100' }, headers);
  const to = Array.from({ length: 25 }, (_, i) => `+1650555${1_000 + i}`);
  await add({ to }, headers);
  const seen: string[] = [];
  let cursor: string | null = '';
  for (let pages = 0; cursor !== null; pages++) {
    expect(pages).toBeLessThan(5);
    const page: List = await list(`?limit=10${cursor === '' ? '' : `&cursor=${cursor}`}`, headers);
    expect(page.has_more).toBe(page.next_cursor !== null);
    seen.push(...page.data.map(({ id }) => id));
    cursor = page.next_cursor;
  }
  expect([seen.length, new Set(seen).size]).toEqual([26, 26]);
  expect(seen.at(-1)).toBe(first.data[0]?.id);
  const foreign = await list('?limit=1', headers);
  expect((await h.call(`${PATH}?cursor=${foreign.next_cursor}`)).status).toBe(400);
});

test('taking back, by number and by id, and again', async () => {
  const { data } = await add({ to: ['+16505550200', '+16505550201'] });
  expect(await (await remove({ to: '+16505550200' })).json()).toEqual({
    removed: 1,
    rejected_count: 0,
    rejected: [],
  });
  expect(await (await remove({ to: '+16505550200' })).json()).toMatchObject({ removed: 0 });
  const byId = () => h.call(`${PATH}/${data[1]?.id}`, { method: 'DELETE' });
  expect((await byId()).status).toBe(204);
  expect(await errorOf(await byId())).toMatchObject({ status: 404, code: 'not_found' });
  expect((await h.call(`${PATH}/${data[0]?.id}`)).status).toBe(404);
});

test('what is foreign is not there, and a key without the scope gets nothing', async () => {
  const { data } = await add({ to: '+16505550300' });
  const path = `${PATH}/${data[0]?.id}`;
  for (const secret of [SECRETS.bravoKey, SECRETS.acmeTestKey]) {
    expect((await h.call(path, { headers: as(secret) })).status).toBe(404);
    expect((await h.call(path, { method: 'DELETE', headers: as(secret) })).status).toBe(404);
    expect(await (await remove({ to: '+16505550300' }, as(secret))).json()).toMatchObject({ removed: 0 });
  }
  const reader = as(SECRETS.acmeReader);
  for (const answer of [
    await h.call(PATH, { headers: reader }),
    await h.call(path, { headers: reader }),
    await h.post(PATH, JSON.stringify({ to: '+16505550301' }), reader),
    await remove({ to: '+16505550300' }, reader),
    await h.call(path, { method: 'DELETE', headers: reader }),
  ])
    expect(await errorOf(answer)).toMatchObject({ status: 403, code: 'forbidden' });
  expect((await h.call(path)).status).toBe(200);
  expect((await h.call(PATH, { headers: as('nobody') })).status).toBe(401);
});

test.each([
  ['no body', '', 400, 'invalid_request'],
  ['no number', '{}', 400, 'invalid_request'],
  ['an empty list', '{"to":[]}', 400, 'invalid_request'],
  ['an unknown field', '{"to":"+16505550001","number":"x"}', 400, 'invalid_request'],
  ['an unknown category', '{"to":"+16505550001","categories":["news"]}', 400, 'invalid_request'],
  ['a source with a bar', '{"to":"+16505550001","source":"a|b"}', 400, 'invalid_request'],
  ['only bad numbers', '{"to":["nobody","12"]}', 422, 'unprocessable'],
])('%s is refused', async (_what, body, status, code) => {
  const error = await errorOf(await h.post(PATH, body));
  expect(error).toMatchObject({ status, code });
  expect(JSON.stringify(error)).not.toContain('nobody');
});

test('parameters that are not known, ids that are none, and methods that are not there', async () => {
  expect((await h.call(`${PATH}?to=x`)).status).toBe(400);
  expect((await h.call(`${PATH}?limit=0`)).status).toBe(400);
  for (const id of ['sup_short', 'job_x', '__proto__', `sup_${'A'.repeat(16)}`])
    expect((await h.call(`${PATH}/${id}`)).status).toBe(404);
  expect((await h.call(`${PATH}?x=1`, { method: 'DELETE', body: '{}', headers: json })).status).toBe(400);
  const patched = await h.call(PATH, { method: 'PATCH', body: '{}', headers: json });
  expect(await errorOf(patched)).toMatchObject({ status: 405 });
});

test('no number is kept or logged', async () => {
  await add({ to: '+16505557777', reason: 'wrote a letter' });
  const keys = await h.redis.client.keys(`${h.namespace}:*suppressed*`);
  expect(keys.length).toBeGreaterThan(0);
  const dump = async (key: string): Promise<unknown> =>
    key.includes(':list:') ? h.redis.client.zrange(key, 0, '-1') : h.redis.client.hgetall(key);
  const dumps = await Promise.all(keys.map(dump));
  const kept = JSON.stringify(dumps);
  expect(kept).toContain('wrote a letter');
  for (const place of [kept, h.logger.text()]) expect(place).not.toMatch(/6505557777/);
});
