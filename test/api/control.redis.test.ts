// Controls over HTTP: what is refused, with which status and path; what happens to a job is tested at the receiver (test/flow/control).
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SECRETS } from '../accounts/sample.ts';
import { redisUrl } from '../support/services.ts';
import { bulkBody, errorOf, type Harness, startHarness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ redisUrl: redisUrl() });
});
afterAll(() => harness?.stop());

const json = { 'content-type': 'application/json' };
const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  harness.call(path, {
    method,
    headers: { ...(body === undefined ? {} : json), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

test('a job of nobody, and one of another workspace, are not there', async () => {
  const { job } = await harness.bulk();
  for (const path of ['pause', 'resume', 'cancel'].map((action) => `/v1/jobs/job_x/${action}`))
    expect((await send('POST', path)).status).toBe(404);
  expect((await send('PATCH', '/v1/jobs/job_x', { priority: 'high' })).status).toBe(404);
  const reader = { authorization: `Bearer ${SECRETS.acmeReader}` };
  expect((await send('POST', `/v1/jobs/${job.id}/pause`, undefined, reader)).status).toBe(403);
  expect((await send('GET', `/v1/jobs/${job.id}/pause`)).status).toBe(405);
});

test.each<[string, unknown, string, string]>([
  ['nothing', {}, '', 'invalid_request'],
  ['an unknown field', { sender: 's2' }, 'sender', 'invalid_request'],
  ['a priority of its own', { priority: 'urgent' }, 'priority', 'invalid_request'],
  ['a start beyond 30 days', { send_at: '2999-01-01T00:00:00Z' }, 'send_at', 'invalid_request'],
  ['a spread beyond the expiry', { spread: '2h' }, 'spread', 'invalid_request'],
])('a change of %s', async (_what, patch, path, code) => {
  const body = { ...JSON.parse(bulkBody(2)), expires_after: '1h' };
  const { job } = (await (await harness.post('/v1/messages/bulk', JSON.stringify(body))).json()) as {
    job: { id: string };
  };
  const error = await errorOf(await send('PATCH', `/v1/jobs/${job.id}`, patch));
  expect([error.code, error.details?.[0]?.path]).toEqual([code, path]);
});

test('a change is seen at once', async () => {
  const { job } = await harness.bulk();
  const changed = await send('PATCH', `/v1/jobs/${job.id}`, { priority: 'high' });
  expect(changed.status).toBe(200);
  expect(await changed.json()).toMatchObject({ id: job.id, priority: 'high' });
  expect(await (await harness.call(`/v1/jobs/${job.id}`)).json()).toMatchObject({ priority: 'high' });
});

test('many at once, by a filter that names something', async () => {
  const own = await startHarness({ redisUrl: redisUrl() });
  const jobs = [await own.bulk(), await own.bulk(), await own.bulk()];
  const control = (body: unknown) =>
    own.call('/v1/jobs/control', { method: 'POST', headers: json, body: JSON.stringify(body) });
  expect((await errorOf(await control({ action: 'pause', filter: {} }))).details?.[0]?.path).toBe('filter');
  expect((await control({ action: 'stop', filter: { sender: 's1' } })).status).toBe(400);
  const paused = await control({ action: 'pause', filter: { sender: 's1' } });
  expect(await paused.json()).toEqual({ matched: 3, changed: 3, left: 0, has_more: false });
  const list = (await (await own.call('/v1/jobs?status=paused')).json()) as { data: { id: string }[] };
  expect(list.data.map(({ id }) => id).toSorted()).toEqual(jobs.map(({ job }) => job.id).toSorted());
  const canceled = await control({ action: 'cancel', filter: { status: 'paused' } });
  expect(await canceled.json()).toEqual({ matched: 3, changed: 3, left: 0, has_more: false });
  const resumed = await control({ action: 'resume', filter: { sender: 's1' } });
  expect(await resumed.json()).toEqual({ matched: 3, changed: 0, left: 0, has_more: false });
  await own.stop();
});
