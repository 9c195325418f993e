// The template routes at the API: each with its errors; what becomes of a submission is in flow/templates.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SECRETS } from '../accounts/sample.ts';
import { redisUrl } from '../support/services.ts';
import { errorOf, type Harness, startHarness } from './harness.ts';

const as = (secret: string) => ({ authorization: `Bearer ${secret}` });
const STRANGER = as('sk_live_nobody_0123456789abcdef0123456789');
const known = (name: string, variables: string[] = []) => ({
  id: '1',
  name,
  language: 'en_US',
  category: 'utility',
  status: 'APPROVED',
  variables,
});
const good = {
  sender: 's2',
  name: 'order_ready',
  language: 'en_US',
  category: 'utility',
  components: [{ type: 'BODY', text: 'Hello {{1}}.' }],
};

let h: Harness;
beforeAll(async () => {
  h = await startHarness({
    redisUrl: redisUrl(),
    templates: [
      ...['b', 'a', 'c'].map((name) => known(name)),
      known('placed', ['1', '2']),
      known('named', ['who', 'what']),
    ],
  });
});
afterAll(() => h.stop());

const post = (body: object, headers = {}) => h.post('/v1/templates', JSON.stringify(body), headers);

test.each(['GET', 'POST'])('%s: 401 without a key, 403 without the scope, 406', async (method) => {
  const ask = (headers: Record<string, string>) =>
    h.call('/v1/templates?sender=s2', {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(method === 'POST' ? { body: JSON.stringify(good) } : {}),
    });
  expect(await errorOf(await ask(STRANGER))).toMatchObject({ status: 401, code: 'unauthorized' });
  expect(await errorOf(await ask(as(SECRETS.acmeReader)))).toMatchObject({ status: 403, code: 'forbidden' });
  expect((await ask({ accept: 'text/csv' })).status).toBe(406);
});

test('POST: a job, its replay, another body under its key', async () => {
  const key = { 'idempotency-key': 'one-template' };
  const answer = await post(good, key);
  expect(answer.status).toBe(202);
  const { job } = (await answer.json()) as { job: { id: string; kind: string } };
  expect(job.kind).toBe('templates');
  expect(answer.headers.get('location')).toBe(`/v1/jobs/${job.id}`);
  const again = await post(good, key);
  expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([202, 'true']);
  expect(await errorOf(await post({ ...good, category: 'marketing' }, key))).toMatchObject({
    status: 422,
    code: 'idempotency_mismatch',
  });
  expect((await h.call(`/v1/jobs?kind=templates`)).status).toBe(200);
});

test.each([
  [{ ...good, name: 'Not a name' }, 'name'],
  [{ ...good, language: 'English' }, 'language'],
  [{ ...good, category: 'spam' }, 'category'],
  [{ ...good, components: [] }, 'components'],
  [{ ...good, components: [{ type: 'BODY', text: 'x'.repeat(30_000) }] }, 'components'],
  [{ ...good, colour: 'blue' }, 'colour'],
  [{ ...good, sender: undefined }, 'sender'],
])('POST: 400 with the path of the fault (%#)', async (body, path) => {
  const problem = await errorOf(await post(body));
  expect(problem).toMatchObject({ status: 400, code: 'invalid_request' });
  expect(problem.details?.map((one) => one.path)).toEqual([path]);
});

test('a sender of others, or without an account, is 422', async () => {
  for (const sender of ['b1', 'none', 's1']) {
    expect(await errorOf(await post({ ...good, sender }))).toMatchObject({
      status: 422,
      code: 'unprocessable',
    });
    const listed = await errorOf(await h.call(`/v1/templates?sender=${sender}`));
    expect(listed).toMatchObject({ status: 422, code: 'unprocessable', details: [{ path: 'sender' }] });
  }
  expect((await post({ ...good, sender: 's2' }, { 'content-type': 'text/plain' })).status).toBe(415);
});

interface Page {
  data: { name: string }[];
  next_cursor: string | null;
}

test('GET: pages by name, bound to their filter', async () => {
  const page = async (query: string) =>
    (await (await h.call(`/v1/templates?sender=s2${query}`)).json()) as Page;
  const first = await page('&limit=2');
  expect(first.data.map(({ name }) => name)).toEqual(['a', 'b']);
  const second = await page(`&limit=3&cursor=${first.next_cursor}`);
  expect([second.data.map(({ name }) => name), second.next_cursor]).toEqual([['c', 'named', 'placed'], null]);
  expect((await page('&name=b')).data).toHaveLength(1);
  for (const query of [
    '',
    '?sender=s2&limit=0',
    '?sender=s2&cursor=x',
    `?sender=s2&name=a&cursor=${first.next_cursor}`,
  ])
    expect((await h.call(`/v1/templates${query}`)).status).toBe(400);
});

test('GET: 503 while the platform has never told', async () => {
  const away = await startHarness({ redisUrl: redisUrl() });
  const answer = await errorOf(await away.call('/v1/templates?sender=s2'));
  await away.stop();
  expect(answer).toMatchObject({ status: 503, code: 'unavailable' });
});

interface Posted {
  job: { counts: { total: number } };
  rejected: { index: number; code: string }[];
}
const bulk = (template: object | undefined, messages: object[], over = {}) =>
  JSON.stringify({
    sender: 's2',
    template,
    messages: messages.map((one, i) => ({ to: `+1650555${1_000 + i}`, ...one })),
    ...over,
  });
const called = (name: string) => ({ name, language: 'en_US' });
const MIXED = [
  { variables: ['a', 'b'] },
  { variables: ['a'] },
  { variables: { who: 'a', what: 'b' } },
  {},
  { template: called('named'), variables: { who: 'a', what: 'b' } },
  { template: called('named'), variables: { who: 'a', why: 'b' } },
  { template: called('named'), variables: ['a', 'b'] },
  { template: called('a') },
  { template: called('nobody') },
];

test('messages of a known template are checked: name, language, and what its body wants', async () => {
  const answer = await h.post('/v1/messages/bulk', bulk(called('placed'), MIXED));
  const { job, rejected } = (await answer.json()) as Posted;
  expect(rejected.map(({ index, code }) => [index, code])).toEqual([
    ...[1, 2, 3, 5, 6].map((index) => [index, 'variables_mismatch']),
    [8, 'unknown_template'],
  ]);
  expect(job.counts.total).toBe(3);
  const strict = await errorOf(
    await h.post('/v1/messages/bulk', bulk(called('placed'), MIXED, { validation: 'strict' })),
  );
  expect(strict.status).toBe(400);
  expect(strict.details?.map(({ path }) => path)).toEqual([
    ...[1, 2, 3, 5, 6].map((index) => `messages[${index}].variables`),
    'messages[8].template.name',
  ]);
  const planned = await (await h.post('/v1/jobs/plan', bulk(called('placed'), MIXED))).json();
  expect(planned).toMatchObject({ total: 3, rejected_count: 6 });
});

test('a template that the account does not have is 422; without an account, or without a list, nothing is', async () => {
  for (const template of [called('nobody'), { name: 'placed', language: 'de' }]) {
    const problem = await errorOf(await h.post('/v1/messages/bulk', bulk(template, [{}])));
    expect(problem).toMatchObject({
      status: 422,
      code: 'unprocessable',
      details: [{ path: 'template.name' }],
    });
  }
  const other = bulk(called('nobody'), [{}], { sender: 's1' });
  expect((await h.post('/v1/messages/bulk', other)).status).toBe(202);
  const away = await startHarness({ redisUrl: redisUrl() });
  const taken = await away.post('/v1/messages/bulk', bulk(called('nobody'), [{}]));
  await away.stop();
  expect(taken.status).toBe(202);
});
