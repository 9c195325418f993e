// The routes of webhook endpoints over real HTTP: made, changed, rotated, listed and taken away; whose they are; and where they may lead.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SECRETS } from '../accounts/sample.ts';
import { redisUrl } from '../support/services.ts';
import { errorOf, type Harness, startHarness } from './harness.ts';

interface View {
  id: string;
  url: string;
  events: string[];
  enabled: boolean;
  source: string;
  secret?: string;
  description: string;
}

let api: Harness;
beforeAll(async () => {
  api = await startHarness({ redisUrl: redisUrl() });
});
afterAll(() => api?.stop());

const json = async <Body>(answer: Response): Promise<Body> => (await answer.json()) as Body;
const make = (body: unknown, headers = {}) => api.post('/v1/webhooks', JSON.stringify(body), headers);
const patch = (id: string, body: unknown) =>
  api.call(`/v1/webhooks/${id}`, {
    method: 'PATCH',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });

async function made(url: string): Promise<View> {
  const answer = await make({ url });
  expect(answer.status).toBe(201);
  return json<View>(answer);
}

test('an endpoint is made with a secret that is told once', async () => {
  const answer = await make({ url: 'https://hooks.example.com/a', events: ['job.*'], description: 'mine' });
  expect(answer.status).toBe(201);
  const view = await json<View>(answer);
  expect(view.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(view).toMatchObject({ events: ['job.*'], enabled: true, source: 'api', description: 'mine' });
  expect(answer.headers.get('location')).toBe(`/v1/webhooks/${view.id}`);
  const again = await api.call(`/v1/webhooks/${view.id}`);
  const text = await again.text();
  expect(text).not.toContain('whsec_');
  expect(JSON.parse(text)).toEqual({ ...view, secret: undefined });
  const stored = JSON.stringify(await api.redis.client.hgetall(`${api.namespace}:accounts`));
  expect(stored).not.toContain(view.secret);
  expect(stored).not.toContain(SECRETS.webhook);
  expect((await make({ url: 'https://hooks.example.com/a' })).status).toBe(409);
});

test('the list holds those of the file too, and pages', async () => {
  await made('https://hooks.example.com/b');
  const ids: string[] = [];
  for (let cursor = ''; ; ) {
    const page = await json<{ data: View[]; next_cursor: string | null }>(
      await api.call(`/v1/webhooks?limit=1${cursor && `&cursor=${cursor}`}`),
    );
    ids.push(...page.data.map(({ id }) => id));
    if (page.next_cursor === null) break;
    cursor = page.next_cursor;
  }
  expect(new Set(ids).size).toBe(ids.length);
  const all = (await json<{ data: View[] }>(await api.call('/v1/webhooks'))).data;
  expect(all.map(({ id }) => id)).toEqual(ids);
  const fromFile = all.find(({ source }) => source === 'file');
  expect(fromFile?.url).toBe('http://127.0.0.1:9200/hook');
  // Where it leads is for the file to say, and only the file takes it away.
  expect((await patch(fromFile?.id ?? '', { url: 'https://example.com/' })).status).toBe(409);
  expect((await api.call(`/v1/webhooks/${fromFile?.id}`, { method: 'DELETE' })).status).toBe(409);
  expect((await patch(fromFile?.id ?? '', { enabled: false })).status).toBe(200);
});

test('changes, rotation, deletion', async () => {
  const { id, secret } = await made('https://hooks.example.com/c');
  const changed = await patch(id, { events: ['message.failed'], enabled: false });
  expect(await json<View>(changed)).toMatchObject({ events: ['message.failed'], enabled: false });
  expect((await api.post(`/v1/webhooks/${id}/test`, '')).status).toBe(409);
  expect((await patch(id, { enabled: true })).status).toBe(200);
  const rotated = await json<View>(await api.post(`/v1/webhooks/${id}/rotate`, '{"overlap":"1h"}'));
  expect(rotated.secret).toMatch(/^whsec_/);
  expect(rotated.secret).not.toBe(secret);
  expect(api.accounts.endpoint(id)).toMatchObject({ secret: rotated.secret, previous_secret: secret });
  expect((await api.post(`/v1/webhooks/${id}/test`, '')).status).toBe(202);
  expect((await api.call(`/v1/webhooks/${id}`, { method: 'DELETE' })).status).toBe(204);
  expect((await api.call(`/v1/webhooks/${id}`)).status).toBe(404);
  const left = await api.redis.client.keys(`${api.namespace}:{acme}:webhook:${id}:*`);
  expect(left).toEqual([]);
});

test('what belongs to others, or to the other environment, is not there', async () => {
  const { id } = await made('https://hooks.example.com/d');
  const others = [SECRETS.bravoKey, SECRETS.acmeTestKey];
  for (const key of others) {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    for (const [method, path, body] of [
      ['GET', ''],
      ['PATCH', '', '{"enabled":false}'],
      ['DELETE', ''],
      ['POST', '/rotate', '{}'],
      ['POST', '/test', '{}'],
      ['POST', '/replay', '{"from":"2026-01-01T00:00:00Z"}'],
      ['GET', '/deliveries'],
    ] as const) {
      const init = body === undefined ? { method, headers } : { method, headers, body };
      const foreign = await errorOf(await api.call(`/v1/webhooks/${id}${path}`, init));
      const absent = await errorOf(await api.call(`/v1/webhooks/whk_0000000000000000000000${path}`, init));
      expect({ ...foreign, request_id: '' }).toEqual({ ...absent, request_id: '' });
      expect(foreign.status).toBe(404);
    }
    const list = await json<{ data: View[] }>(await api.call('/v1/webhooks', { headers }));
    expect(list.data.some((one) => one.id === id)).toBe(false);
  }
  const reader = { authorization: `Bearer ${SECRETS.acmeReader}` };
  expect((await api.call('/v1/webhooks', { headers: reader })).status).toBe(403);
});

test.each([
  [{ url: 'http://hooks.example.com/' }, 'url'],
  [{ url: 'https://127.0.0.1/' }, 'url'],
  [{ url: 'https://[::ffff:10.0.0.1]/' }, 'url'],
  [{ url: 'https://localhost/' }, 'url'],
  [{ url: 'https://u:p@example.com/' }, 'url'],
  [{ url: 'nonsense' }, 'url'],
  [{ url: 'https://example.com/', events: ['message.sung'] }, 'events[0]'],
  [{ url: 'https://example.com/', events: [] }, 'events'],
  [{ url: 'https://example.com/', allow_private: true }, 'allow_private'],
])('refused: %o', async (body, path) => {
  const error = await errorOf(await make(body));
  expect(error).toMatchObject({ status: 400, code: 'invalid_request', details: [{ path }] });
});

test.each([{}, { to: '2026-01-01T00:00:00Z' }, { delivery: 'x', from: '2026-01-01T00:00:00Z' }])(
  'a replay of %o is refused',
  async (body) => {
    const { data } = await json<{ data: View[] }>(await api.call('/v1/webhooks'));
    const id = data.find(({ enabled }) => enabled)?.id;
    const answer = await api.post(`/v1/webhooks/${id}/replay`, JSON.stringify(body));
    expect(await errorOf(answer)).toMatchObject({ status: 400 });
  },
);
