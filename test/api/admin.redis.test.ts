// /v1/admin/*: accounts of everybody, the stop of all sending, and the trail of who changed what.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AUDITED } from '../../src/api/audit.ts';
import { SECRETS } from '../accounts/sample.ts';
import { redisUrl } from '../support/services.ts';
import { type ErrorAnswer, errorOf, type Harness, startHarness } from './harness.ts';

const ADMIN = 'the-admin-key-of-this-test';
let h: Harness;
beforeAll(async () => {
  h = await startHarness({
    redisUrl: redisUrl(),
    overrides: { config: { host: '127.0.0.1', port: 0, adminKey: ADMIN } },
  });
});
afterAll(() => h.stop());

type Json = Record<string, unknown>;

const send = (method: string, path: string, body?: unknown, secret = ADMIN): Promise<Response> =>
  h.call(path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headers: {
      authorization: `Bearer ${secret}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
  });
async function ok(method: string, path: string, body?: unknown, secret?: string): Promise<Json> {
  const answer = await send(method, path, body, secret);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text === '' ? {} : (JSON.parse(text) as Json);
}
const listed = async (path: string) => ((await ok('GET', path)).data as Json[]).map(({ id }) => id);

test('only with the admin key, and nothing where there is none', async () => {
  for (const secret of [SECRETS.acmeKey, 'nobody', `${ADMIN} `.repeat(2).trim()])
    expect(await errorOf(await send('GET', '/v1/admin/workspaces', undefined, secret))).toMatchObject({
      status: 401,
    });
  const without = await startHarness({ redisUrl: redisUrl() });
  const answer = await fetch(`${without.url}/v1/admin/workspaces`, {
    headers: { authorization: `Bearer ${ADMIN}` },
  });
  await without.stop();
  expect([answer.status, ((await answer.json()) as ErrorAnswer).error.code]).toEqual([404, 'not_found']);
});

test('a workspace with key, portfolio and senders, made, used, changed and disabled', async () => {
  await ok('POST', '/v1/admin/workspaces', { id: 'corp', plan: 'pro' });
  expect((await send('POST', '/v1/admin/workspaces', { id: 'corp' })).status).toBe(409);
  await ok('POST', '/v1/admin/portfolios', { workspace: 'corp', id: 'corp_bm', messaging_limit: 250 });
  const sender = { workspace: 'corp', platform: 'meta', portfolio: 'corp_bm', access_token: 'corp-token-1' };
  const made = await ok('POST', '/v1/admin/senders', {
    ...sender,
    id: 'c1',
    external_id: '77',
    app_secret: 'corp-app-1',
  });
  expect(made).toMatchObject({ workspace: 'corp', id: 'c1', portfolio: 'corp_bm', throughput: 80 });
  const key = await ok('POST', '/v1/admin/keys', { workspace: 'corp', name: 'first', scopes: ['*'] });
  const secret = String(key.secret);
  expect(await ok('GET', '/v1/senders', undefined, secret)).toMatchObject({ data: [{ id: 'c1' }] });
  expect((await send('GET', '/v1/senders', undefined, secret)).headers.get('x-ratelimit-limit')).toBe('120');

  await ok('PATCH', '/v1/admin/workspaces/corp', { plan: { per_minute: 7 } });
  expect((await send('GET', '/v1/senders', undefined, secret)).headers.get('x-ratelimit-limit')).toBe('7');
  await ok('PATCH', '/v1/admin/senders/c1', {
    throughput: 10,
    access_token: 'corp-token-2',
    app_secret: null,
  });
  expect(h.accounts.sender('c1')).toMatchObject({ throughput: 10, access_token: 'corp-token-2' });
  expect(h.accounts.sender('c1')?.app_secret).toBeUndefined();
  expect(await ok('PATCH', '/v1/admin/portfolios/corp_bm', { messaging_limit: 2_000 })).toMatchObject({
    senders: ['c1'],
  });
  expect(await ok('PATCH', '/v1/admin/portfolios/corp_bm', { disabled: true })).toMatchObject({
    disabled: true,
  });
  expect(h.accounts.sender('c1')?.disabled).toBe(true);
  await ok('PATCH', '/v1/admin/portfolios/corp_bm', { disabled: false });
  expect(await ok('PATCH', '/v1/admin/senders/c1', { disabled: true })).toMatchObject({ disabled: true });
  await ok('PATCH', '/v1/admin/senders/c1', { disabled: false });
  // The file knows nothing of them, and leaves them alone.
  await h.accounts.reload();
  expect(h.accounts.sender('c1')?.disabled).toBe(false);
  await ok('PATCH', '/v1/admin/workspaces/corp', { disabled: true });
  expect((await send('GET', '/v1/senders', undefined, secret)).status).toBe(401);
  expect(h.accounts.sender('c1')?.disabled).toBe(true);
  await ok('PATCH', '/v1/admin/workspaces/corp', { disabled: false });
  await ok('PATCH', `/v1/admin/keys/${key.id}`, { disabled: true });
  expect((await send('GET', '/v1/senders', undefined, secret)).status).toBe(401);
  await ok('DELETE', `/v1/admin/keys/${key.id}`);
  const staging = await ok('POST', '/v1/admin/keys', { workspace: 'corp', environment: 'staging' });
  expect(staging.secret).toMatch(/^sk_staging_/);
  expect((await send('GET', '/v1/senders/c1', undefined, String(staging.secret))).status).toBe(404);
  expect((await send('GET', `/v1/admin/keys/${key.id}`)).status).toBe(404);
});

test('what does not fit together is refused', async () => {
  const sender = { workspace: 'acme', id: 'x', platform: 'meta', external_id: '9', access_token: 't' };
  const status = async (path: string, body: Json) => (await send('POST', path, body)).status;
  expect(await status('/v1/admin/senders', { ...sender, workspace: 'none' })).toBe(422);
  expect(await status('/v1/admin/senders', { ...sender, portfolio: 'none' })).toBe(422);
  expect(await status('/v1/admin/senders', { ...sender, id: 's1' })).toBe(409);
  for (const environment of ['test', 'staging'])
    expect(await status('/v1/admin/senders', { ...sender, environment })).toBe(400);
  expect(await status('/v1/admin/senders', { ...sender, throughput: 0 })).toBe(400);
  expect(await status('/v1/admin/keys', { workspace: 'none' })).toBe(422);
  expect(await status('/v1/admin/stop', { workspace: 'none' })).toBe(404);
  expect((await send('PATCH', '/v1/admin/senders/none', { throughput: 1 })).status).toBe(404);
  expect((await send('PATCH', '/v1/admin/senders/s1', {})).status).toBe(400);
});

test('lists go over all workspaces, or one, in pages', async () => {
  expect(await listed('/v1/admin/senders?workspace=acme')).toEqual(['s1', 's2']);
  expect(await listed('/v1/admin/senders?workspace=bravo')).toEqual(['b1']);
  const first = await ok('GET', '/v1/admin/keys?limit=2&workspace=acme');
  expect((first.data as Json[]).map(({ id }) => id)).toEqual(['acme_live', 'acme_reader']);
  expect(await listed(`/v1/admin/keys?workspace=acme&cursor=${first.next_cursor}`)).toEqual(['acme_test']);
  expect((await send('GET', `/v1/admin/keys?cursor=${first.next_cursor}`)).status).toBe(400);
  expect(await listed('/v1/admin/plans')).toEqual(['free', 'pro', 'business', 'agency', 'campaigns']);
});

test('stop and start mark what the dispatchers obey, and outlive a new file', async () => {
  const stopped = () => [h.accounts.sender('s1')?.stopped, h.accounts.sender('b1')?.stopped];
  expect(await ok('POST', '/v1/admin/stop', { workspace: 'acme' })).toEqual({
    workspace: 'acme',
    stopped: true,
  });
  expect(stopped()).toEqual(['acme', undefined]);
  expect(await ok('GET', '/v1/senders/s1', undefined, SECRETS.acmeKey)).toMatchObject({
    hold: { limit: 'stopped', scope: 'acme' },
  });
  await ok('POST', '/v1/admin/stop');
  expect(stopped()).toEqual(['everything', 'everything']);
  await h.accounts.change('sender', 's1', { throughput: 33 });
  await h.accounts.reload();
  expect(stopped()).toEqual(['everything', 'everything']);
  await ok('POST', '/v1/admin/start');
  expect(stopped()).toEqual(['acme', undefined]);
  await ok('POST', '/v1/admin/start', { workspace: 'acme' });
  expect(stopped()).toEqual([undefined, undefined]);
});

test('the trail says who changed what, newest first, without a secret', async () => {
  await ok('PATCH', '/v1/senders/s2', { throughput: 55 }, SECRETS.acmeKey);
  await ok('PATCH', '/v1/admin/senders/s2', {
    access_token: 'a-token-that-must-not-be-seen',
    throughput: 56,
  });
  expect((await send('PATCH', '/v1/senders/s2', { throughput: -1 }, SECRETS.acmeKey)).status).toBe(400);
  const { data } = (await ok('GET', '/v1/admin/audit?limit=2')) as { data: Json[] };
  expect(data).toMatchObject([
    {
      actor: 'admin',
      action: 'sender.changed',
      workspace: 'acme',
      subject: 's2',
      changes: { throughput: 56, access_token: '(set)' },
    },
    {
      actor: 'acme_live',
      action: 'sender.changed',
      workspace: 'acme',
      subject: 's2',
      changes: { throughput: 55 },
    },
  ]);
  const seen: Json[] = [];
  for (let cursor = ''; ; ) {
    const page = await ok('GET', `/v1/admin/audit?limit=5${cursor}`);
    seen.push(...(page.data as Json[]));
    if (page.next_cursor === null) break;
    cursor = `&cursor=${page.next_cursor}`;
  }
  expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
  const actions = new Set(seen.map(({ action }) => action));
  for (const action of [
    'workspace.created',
    'key.created',
    'key.revoked',
    'sending.stopped',
    'sending.started',
  ])
    expect(actions).toContain(action);
  const text = JSON.stringify(seen);
  for (const secret of ['a-token-that-must-not-be-seen', 'corp-token', 'corp-app', 'sk_live_'])
    expect(text).not.toContain(secret);
});

test('every route that changes something is in the trail, or makes a job that tells of itself', () => {
  const silent =
    /^POST \/(v1\/(messages|messages\/bulk|jobs|jobs\/plan|contacts\/bulk|templates|media|webhooks\/:id\/test)$|hooks\/)/;
  const untold = h.routes
    .map(({ method, url }) => `${method} ${url}`)
    .filter((route) => !route.startsWith('GET ') && !silent.test(route) && AUDITED[route] === undefined);
  expect(untold).toEqual([]);
});
