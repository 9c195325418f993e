// Request limits at the API: the headers of every answer, 429, what a replay costs, a plan that changes, and Redis that is away.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SECRETS } from '../accounts/sample.ts';
import { redisUrl } from '../support/services.ts';
import { bulkBody, errorOf, type Harness, startHarness } from './harness.ts';
import { type RedisProxy, redisProxy } from './redis-proxy.ts';

let h: Harness;
let proxy: RedisProxy;
const PLAN = {
  per_minute: 40,
  per_hour: 500,
  routes: { 'GET /v1/portfolios': { per_minute: 3 }, '*': { per_day: 9_000 } },
};
beforeAll(async () => {
  proxy = await redisProxy(redisUrl());
  h = await startHarness({ redisUrl: proxy.url, plan: PLAN });
});
afterAll(async () => {
  await h.stop();
  await proxy.close();
});

const as = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } });
const told = ({ headers }: Response) => ({
  limit: Number(headers.get('x-ratelimit-limit')),
  remaining: Number(headers.get('x-ratelimit-remaining')),
  reset: Number(headers.get('x-ratelimit-reset')),
});

test('every answer to a key tells the window nearest to its cap', async () => {
  const before = Date.now();
  const paths = ['/v1/senders', '/v1/senders/none', '/v1/nowhere', '/v1/jobs?limit=x', '/v1/limits'];
  for (const [i, path] of paths.entries()) {
    const answer = await h.call(path);
    const { limit, remaining, reset } = told(answer);
    expect([path, limit, remaining]).toEqual([path, 40, 40 - i - 1]);
    expect(reset * 1_000).toBeGreaterThanOrEqual(before + 59_000);
    expect(reset * 1_000).toBeLessThan(Date.now() + 62_000);
    expect(answer.headers.get('ratelimit')).toMatch(new RegExp(`^"minute";r=${remaining};t=(59|60)$`));
    expect(answer.headers.get('ratelimit-policy')).toMatch(/^"minute";q=40;w=60, "hour";q=500;w=3600/);
  }
});

test('a key without the scope is told too, a stranger is not', async () => {
  const reader = await h.call('/v1/senders', as(SECRETS.acmeReader));
  expect([reader.status, told(reader).remaining]).toEqual([403, 39]);
  const stranger = await h.call('/v1/senders', as('sk_live_nobody_0123456789abcdef0123456789'));
  expect([stranger.status, stranger.headers.get('x-ratelimit-limit')]).toEqual([401, null]);
});

test('a route of the plan has windows of its own, for each key', async () => {
  const statuses = [];
  for (let i = 0; i < 4; i += 1) statuses.push((await h.call('/v1/portfolios')).status);
  expect(statuses).toEqual([200, 200, 200, 429]);
  const refused = await h.call('/v1/portfolios');
  expect(told(refused)).toMatchObject({ limit: 3, remaining: 0 });
  const error = await errorOf(refused);
  expect(error.code).toBe('rate_limit_exceeded');
  expect(refused.headers.get('retry-after')).toBe(String(error.retry_after));
  expect(error.retry_after).toBeGreaterThan(55);
  expect(error.retry_after).toBeLessThanOrEqual(60);
  expect(refused.headers.get('ratelimit')).toMatch(/^"route\.minute";r=0;t=/);
  expect((await h.call('/v1/portfolios', as(SECRETS.bravoKey))).status).toBe(200);
});

test('a replay costs nothing', async () => {
  const post = () => h.post('/v1/messages/bulk', bulkBody(1), { 'idempotency-key': 'once' });
  const first = told(await post());
  const replay = await post();
  expect(replay.headers.get('idempotency-replayed')).toBe('true');
  expect(told(replay).remaining).toBe(first.remaining);
  expect(told(await h.call('/v1/senders')).remaining).toBe(first.remaining - 1);
});

test('a replay is answered though no place is left', async () => {
  const made = await h.post('/v1/keys', JSON.stringify({ scopes: ['contacts:write'] }));
  const { secret } = (await made.json()) as { secret: string };
  const authorization = `Bearer ${secret}`;
  const body = JSON.stringify({ sender: 's1', contacts: [{ number: '+16505551000' }] });
  const post = (key: string) => h.post('/v1/contacts/bulk', body, { 'idempotency-key': key, authorization });
  expect((await post('early')).status).toBe(202);
  await Promise.all(Array.from({ length: 39 }, () => h.call('/v1/contacts/none', as(secret))));
  expect((await post('late')).status).toBe(429);
  const replay = await post('"early"');
  expect([replay.status, replay.headers.get('idempotency-replayed')]).toEqual([202, 'true']);
  expect(told(replay).remaining).toBe(0);
  for (const key of ['late', 'not valid']) expect((await post(key)).status).toBe(429);
});

test('GET /v1/limits shows the plan and its use', async () => {
  const answer = await h.call('/v1/limits', as(SECRETS.bravoKey));
  const { plan, data } = (await answer.json()) as { plan: object; data: Record<string, unknown>[] };
  expect(plan).toMatchObject({ per_minute: 40, per_hour: 500, per_second: null });
  expect(data.find(({ name }) => name === 'minute')).toMatchObject({
    scope: 'all',
    count: 40,
    per: '1m',
    used: 2,
    free: 38,
  });
  expect(data.find(({ name }) => name === 'route.minute')).toMatchObject({
    scope: 'GET /v1/portfolios',
    used: 1,
  });
});

test('a changed plan binds the same key at once, and may tell the reset in milliseconds', async () => {
  await h.accounts.change('workspace', 'bravo', { plan: { per_minute: 4, reset: 'milliseconds' } });
  const next = await h.call('/v1/senders', as(SECRETS.bravoKey));
  expect(told(next)).toMatchObject({ limit: 4, remaining: 1 });
  expect(told(next).reset).toBeGreaterThan(Date.now());
  await h.call('/v1/senders', as(SECRETS.bravoKey));
  expect((await h.call('/v1/senders', as(SECRETS.bravoKey))).status).toBe(429);
  await h.accounts.change('workspace', 'bravo', { plan: {} });
  const unlimited = await h.call('/v1/senders', as(SECRETS.bravoKey));
  expect([unlimited.status, unlimited.headers.get('x-ratelimit-limit')]).toEqual([200, null]);
});

test('without Redis requests pass without headers, under what the process counts alone', async () => {
  await h.accounts.refresh();
  proxy.cut();
  const answers = await Promise.all(
    Array.from({ length: 45 }, () => h.call('/v1/senders', as(SECRETS.acmeTestKey))),
  );
  proxy.mend();
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(40);
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(5);
  expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(55);
  expect(answers.map(({ headers }) => headers.get('x-ratelimit-limit'))).toEqual(answers.map(() => null));
});
