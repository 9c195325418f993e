// API keys over HTTP: made, shown once, rotated, revoked and expired; what each may and may not do.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accountsKeys } from '../../src/accounts/keys.ts';
import { isMistyped } from '../../src/accounts/minted-key.ts';
import { SECRETS } from '../accounts/sample.ts';
import { redisUrl } from '../support/services.ts';
import { until } from '../support/until.ts';
import { errorOf, type Harness, startHarness } from './harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await startHarness({ redisUrl: redisUrl() });
});
afterAll(() => h.stop());

interface KeyView {
  id: string;
  environment: string;
  scopes: string[];
  expires_at: string | null;
  revoked: boolean;
  secret?: string;
}

const send = (method: string, path: string, body: unknown, secret = SECRETS.acmeKey): Promise<Response> =>
  h.call(path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headers: {
      authorization: `Bearer ${secret}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
  });
const get = (path: string, secret?: string): Promise<Response> => send('GET', path, undefined, secret);

async function make(body: object): Promise<KeyView & { secret: string }> {
  const answer = await send('POST', '/v1/keys', body);
  expect(answer.status).toBe(201);
  return (await answer.json()) as KeyView & { secret: string };
}

test('a key is shown once, has the form that scanners know, and is kept as a digest', async () => {
  const made = await make({ name: 'shop', scopes: ['jobs:read'] });
  expect(made.secret).toMatch(/^sk_live_[0-9a-f]{16}_[0-9a-f]{56}$/);
  expect(made.id).toBe(`key_${made.secret.split('_')[2]}`);
  const { secret: _, ...rest } = made;
  expect(await (await get(`/v1/keys/${made.id}`)).json()).toEqual(rest);
  expect(rest).toMatchObject({ name: 'shop', environment: 'live', revoked: false, from_file: false });
  const list = (await (await get('/v1/keys')).json()) as { data: KeyView[] };
  expect(list.data.map(({ id }) => id).sort()).toEqual(['acme_live', 'acme_reader', made.id].sort());
  const kept = JSON.stringify(await h.redis.client.hgetall(accountsKeys(h.namespace).objects));
  expect(kept).not.toContain(made.secret);
  expect(h.logger.text()).not.toContain(made.secret);
});

test('a key may do what its scopes say, and a mistyped one is told from an unknown one', async () => {
  const { secret } = await make({ scopes: ['jobs:read'] });
  expect((await get('/v1/jobs', secret)).status).toBe(200);
  expect(await errorOf(await get('/v1/senders', secret))).toMatchObject({ status: 403, code: 'forbidden' });
  expect(await errorOf(await get('/v1/keys', secret))).toMatchObject({ status: 403, code: 'forbidden' });
  const last = secret.endsWith('0') ? '1' : '0';
  const mistyped = await errorOf(await get('/v1/jobs', secret.slice(0, -1) + last));
  expect([mistyped.status, mistyped.message]).toEqual([401, expect.stringContaining('checksum')]);
  expect(isMistyped(secret)).toBe(false);
});

test('nobody hands on what they do not have', async () => {
  const { secret } = await make({ scopes: ['keys:admin', 'jobs:read'] });
  expect((await send('POST', '/v1/keys', { scopes: ['jobs:read'] }, secret)).status).toBe(201);
  for (const scopes of [['*'], ['messages:write'], ['jobs:read', 'senders:write']])
    expect((await send('POST', '/v1/keys', { scopes }, secret)).status).toBe(403);
  expect((await send('POST', '/v1/keys', { environment: 'test' })).status).toBe(403);
  expect((await send('POST', '/v1/keys', { scopes: ['jobs:all'] })).status).toBe(400);
  expect((await send('POST', '/v1/keys/acme_live/rotate', {}, secret)).status).toBe(403);
});

test('two keys live while one is rotated, and the old one ends', async () => {
  const old = await make({ scopes: ['jobs:read'] });
  const answer = await send('POST', `/v1/keys/${old.id}/rotate`, { overlap: '1s' });
  const next = (await answer.json()) as KeyView & { secret: string };
  expect([answer.status, next.scopes]).toEqual([201, ['jobs:read']]);
  expect((await get('/v1/jobs', next.secret)).status).toBe(200);
  expect((await get('/v1/jobs', old.secret)).status).toBe(200);
  await until(async () => (await get('/v1/jobs', old.secret)).status === 401, { what: 'the old key ends' });
  expect((await get('/v1/jobs', next.secret)).status).toBe(200);
});

test('a revoked key works no more; one of the file stays revoked when the same file is read again', async () => {
  const { id, secret } = await make({});
  expect((await send('DELETE', `/v1/keys/${id}`, undefined)).status).toBe(204);
  expect((await get('/v1/jobs', secret)).status).toBe(401);
  expect((await get(`/v1/keys/${id}`)).status).toBe(404);
  expect((await send('DELETE', '/v1/keys/acme_reader', undefined)).status).toBe(204);
  await h.accounts.reload();
  expect((await get('/v1/jobs', SECRETS.acmeReader)).status).toBe(401);
  expect(await (await get('/v1/keys/acme_reader')).json()).toMatchObject({ revoked: true, from_file: true });
  expect((await send('POST', '/v1/keys/acme_reader/rotate', {})).status).toBe(409);
});

test('a key with an expiry ends with it', async () => {
  const { secret } = await make({ expires_at: new Date(Date.now() - 1).toISOString() });
  expect((await get('/v1/jobs', secret)).status).toBe(401);
});

test('keys of others are not there', async () => {
  const foreign = await errorOf(await get('/v1/keys/bravo_live'));
  const absent = await errorOf(await get('/v1/keys/nobody'));
  expect({ ...foreign, request_id: '' }).toEqual({ ...absent, request_id: '' });
  expect((await get('/v1/keys/acme_test')).status).toBe(404);
  expect((await send('DELETE', '/v1/keys/bravo_live', undefined)).status).toBe(404);
  expect((await get('/v1/jobs', SECRETS.bravoKey)).status).toBe(200);
});
