// Senders and portfolios over HTTP: what a key sees of them, and what it may change while the service runs.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SECRETS } from '../accounts/sample.ts';
import { redisUrl } from '../support/services.ts';
import { errorOf, type Harness, startHarness } from './harness.ts';

let h: Harness;
const asBravo = { authorization: `Bearer ${SECRETS.bravoKey}` };
const asTest = { authorization: `Bearer ${SECRETS.acmeTestKey}` };
const asReader = { authorization: `Bearer ${SECRETS.acmeReader}` };

beforeAll(async () => {
  h = await startHarness({ redisUrl: redisUrl() });
});
afterAll(() => h.stop());

interface View {
  data: { id: string }[];
  has_more: boolean;
  next_cursor: string | null;
}

const get = async (path: string, headers: Record<string, string> = {}) => {
  const answer = await h.call(path, { headers });
  return { status: answer.status, tag: answer.headers.get('etag'), body: (await answer.json()) as View };
};
const patch = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  h.call(path, {
    method: 'PATCH',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });

test('a key sees the senders and portfolios of its own workspace and environment, without a secret', async () => {
  const { body } = await get('/v1/senders');
  expect(body).toMatchObject({ has_more: false, next_cursor: null });
  expect(body.data.map(({ id }) => id)).toEqual(['s1', 's2']);
  expect((await get('/v1/senders/s1')).body).toEqual({
    id: 's1',
    platform: 'meta',
    environment: 'live',
    portfolio: 'acme_bm',
    external_id: '106540352242922',
    throughput: 80,
    arrival_bound: null,
    limits: [],
    paused: false,
    disabled: false,
    hold: null,
  });
  expect((await get('/v1/portfolios')).body.data).toEqual([
    { id: 'acme_bm', environment: 'live', messaging_limit: 2_000, limits: [], senders: ['s1'] },
  ]);
  const everything = JSON.stringify([body, (await get('/v1/senders/s1')).body]);
  for (const secret of Object.values(SECRETS)) expect(everything).not.toContain(secret);
});

test('pages go by id', async () => {
  const first = (await get('/v1/senders?limit=1')).body;
  expect([first.data[0]?.id, first.has_more]).toEqual(['s1', true]);
  const second = (await get(`/v1/senders?limit=1&cursor=${first.next_cursor}`)).body;
  expect([second.data[0]?.id, second.has_more]).toEqual(['s2', false]);
  expect((await get(`/v1/portfolios?cursor=${first.next_cursor}`)).status).toBe(400);
});

test('what is foreign is not there, to read or to change', async () => {
  for (const headers of [asBravo, asTest]) {
    for (const path of ['/v1/senders/s1', '/v1/portfolios/acme_bm', '/v1/senders/s1/limits'])
      expect((await get(path, headers)).status).toBe(404);
    expect((await patch('/v1/senders/s1', { paused: true }, headers)).status).toBe(404);
    expect((await patch('/v1/portfolios/acme_bm', { messaging_limit: 1 }, headers)).status).toBe(404);
  }
  expect((await get('/v1/senders', asTest)).body.data).toEqual([]);
  expect((await patch('/v1/senders/s1', { paused: true }, asReader)).status).toBe(403);
});

test('a change is there at once, and for those who hold the tag they read', async () => {
  const before = await get('/v1/senders/s2');
  const limits = [{ name: 'minute', count: 100, per: '60s', pace: 'burst' }];
  const changed = await patch(
    '/v1/senders/s2',
    { throughput: 200, limits },
    { 'if-match': before.tag ?? '' },
  );
  expect(changed.status).toBe(200);
  const view = { throughput: 200, limits: [{ name: 'minute', count: 100, per: '1m', pace: 'burst' }] };
  expect(await changed.json()).toMatchObject(view);
  const after = await get('/v1/senders/s2');
  expect(after.body).toMatchObject({ ...view, paused: false });
  expect(after.tag).toBe(changed.headers.get('etag'));
  const late = await patch('/v1/senders/s2', { throughput: 20 }, { 'if-match': before.tag ?? '' });
  expect(await errorOf(late)).toMatchObject({ status: 412, code: 'precondition_failed' });
  const paused = await patch('/v1/senders/s2', { paused: true });
  expect(await paused.json()).toMatchObject({ ...view, paused: true, hold: { limit: 'sender_paused' } });
  expect(h.accounts.sender('s2')).toMatchObject({
    throughput: 200,
    paused: true,
    access_token: 'token-of-s2',
  });
  const tier = await patch('/v1/portfolios/acme_bm', { messaging_limit: 'unlimited' });
  expect(await tier.json()).toMatchObject({ messaging_limit: 'unlimited' });
});

test.each([
  ['an unknown field', { access_token: 'x' }, 'access_token', 'unknown_field'],
  ['nothing', {}, '', 'invalid'],
  ['no rate', { throughput: 0 }, 'throughput', 'too_small'],
  ['a bad period', { limits: [{ name: 'a', count: 1, per: 'soon' }] }, 'limits[0].per', 'invalid'],
  [
    'a name twice',
    { limits: [1, 2].map((count) => ({ name: 'a', count, per: '1s' })) },
    'limits[1].name',
    'repeated',
  ],
])('a change of %s is refused', async (_what, body, path, code) => {
  const { status, details } = await errorOf(await patch('/v1/senders/s1', body));
  expect([status, details?.[0]?.path, details?.[0]?.code]).toEqual([400, path, code]);
});

test('a limit keeps its period', async () => {
  const limit = { name: 'hour', count: 100, per: '1h' };
  expect((await patch('/v1/senders/s1', { limits: [limit] })).status).toBe(200);
  expect((await patch('/v1/senders/s1', { limits: [{ ...limit, count: 50, per: '60m' }] })).status).toBe(200);
  const { status, details } = await errorOf(
    await patch('/v1/senders/s1', { limits: [{ ...limit, per: '2h' }] }),
  );
  expect([status, details?.[0]?.code]).toEqual([400, 'period_fixed']);
});
