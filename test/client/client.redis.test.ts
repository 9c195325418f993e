// The client against the API: typed calls, problems as errors, and what is no JSON as the response itself.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiProblem, createClient, Unreachable } from '../../src/client/client.ts';
import { SECRETS } from '../accounts/sample.ts';
import { type Harness, startHarness } from '../api/harness.ts';
import { redisUrl } from '../support/services.ts';

let h: Harness;
beforeAll(async () => {
  h = await startHarness({ redisUrl: redisUrl() });
});
afterAll(() => h.stop());

test('a job is posted, read, listed and canceled', async () => {
  const sluice = createClient({ url: `${h.url}/`, key: SECRETS.acmeKey });
  const { status, body, headers } = await sluice.sendBulk({
    headers: { 'idempotency-key': 'k1' },
    body: { sender: 's1', text: { body: 'Hello' }, messages: [{ to: '+16505551234' }, { to: 'nobody' }] },
  });
  expect(status).toBe(202);
  expect(headers.get('location')).toBe(`/v1/jobs/${body.job.id}`);
  expect(body.rejected.map(({ index }) => index)).toEqual([1]);
  const id = body.job.id;
  expect((await sluice.getJob({ params: { id } })).body.counts.total).toBe(1);
  expect((await sluice.listJobs({ query: { limit: 1, sender: 's1' } })).body.data[0]?.id).toBe(id);
  expect((await sluice.listJobs()).body.has_more).toBe(false);
});

test('a refusal is an ApiProblem with its details, no answer is Unreachable', async () => {
  const sluice = createClient({ url: h.url, key: SECRETS.acmeKey });
  const refused = sluice.sendBulk({ body: { sender: 's1', messages: [], nonsense: 1 } as never });
  await expect(refused).rejects.toBeInstanceOf(ApiProblem);
  await expect(refused).rejects.toMatchObject({ status: 400, code: 'invalid_request', passing: false });
  await expect(sluice.getJob({ params: { id: '../x?y' } })).rejects.toMatchObject({ status: 404 });
  const nowhere = createClient({ url: 'http://127.0.0.1:1' });
  await expect(nowhere.getHealth()).rejects.toBeInstanceOf(Unreachable);
});

test('metrics come as the response', async () => {
  const { body } = await createClient({ url: h.url }).getMetrics();
  expect(await body.text()).toContain('http_requests_total');
});
