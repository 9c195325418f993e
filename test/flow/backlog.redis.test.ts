// Pushing back over real HTTP: a full backlog is 429 before anything is stored, a full Redis is 503, and neither is ever a false 202.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { API_KEY, bulk } from '../support/client.ts';
import { type OwnRedis, openOwnRedis } from '../support/own-redis.ts';
import { type ApiProgram, openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const MAX = 300;
let own: OwnRedis;
let stage: Stage;
let service: ApiProgram;

beforeAll(async () => {
  own = await openOwnRedis();
  stage = await openStage({
    redisUrl: own.url,
    senders: [{ id: 's1', throughput: 60 }],
    env: { BACKLOG_WORKSPACE_MAX: String(MAX) },
  });
  service = await stage.serve(['start']);
});
afterAll(async () => {
  await stage?.close();
  await own?.end();
});

test('what is above the cap is refused before anything is stored, and let in when there is room', async () => {
  const { api } = service;
  const first = await api.send(bulk(MAX - 50));
  const stored = () => own.redis.client.xlen(`${stage.namespace}:log:jobs`);
  const body = bulk(100, {}, 3_000_000);
  const refused = await api.post(body, 'above');
  expect([refused.status, refused.body.error?.code]).toEqual([429, 'backlog_full']);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  // By the forecast: 200 too many, at 60 a second.
  await until(async () => (await api.job(first.id)).status === 'sending', { what: 'it is on its way' });
  const more = await api.post(bulk(250, {}, 3_200_000), 'more');
  expect(more.status).toBe(429);
  expect(Number(more.headers.get('retry-after'))).toBeGreaterThanOrEqual(2);
  expect(Number(more.headers.get('retry-after'))).toBeLessThanOrEqual(5);
  const upload = await fetch(`${service.url}/v1/jobs?sender=s1&text.body=x`, {
    method: 'POST',
    headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'text/csv' },
    body: `to\n${Array.from({ length: 100 }, (_, i) => `+1650${3_500_000 + i}`).join('\n')}\n`,
  });
  expect(upload.status).toBe(429);
  const many = await Promise.all(
    Array.from({ length: 10 }, (_, i) => api.post(bulk(40, {}, 4_000_000 + i * 100), `many-${i}`)),
  );
  expect(many.filter(({ status }) => status === 202)).toHaveLength(1);
  expect(many.filter(({ status }) => status === 429)).toHaveLength(9);
  expect(await stored()).toBeLessThanOrEqual(4);
  const later = await until(
    async () => {
      const answer = await api.post(body, 'above');
      return answer.status === 202 ? answer.body.job : undefined;
    },
    { what: 'there is room', timeoutMs: 20_000 },
  );
  for (const id of [first.id, later.id]) expect((await api.completed(id)).counts.unknown).toBe(0);
});

test('a full Redis: nothing is let in, what was called is settled, and all goes on when there is room', async () => {
  const { api } = service;
  const job = await api.send(bulk(150, {}, 5_000_000));
  await until(async () => (await api.job(job.id)).counts.accepted > 20, { what: 'it is on its way' });
  const { client } = own.redis;
  await client.config('SET', 'maxmemory', '1mb');
  const body = bulk(20, {}, 6_000_000);
  const answers = [await api.post(body, 'full'), await api.post(bulk(1, {}, 6_100_000), 'one')];
  for (const { status, body: said, headers } of answers) {
    expect([status, said.error?.code]).toEqual([503, 'unavailable']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  }
  await until(async () => (await api.job(job.id)).counts.sending === 0, { what: 'its calls are settled' });
  const still = await api.job(job.id);
  expect(still.counts.queued).toBeGreaterThan(0);
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
  await client.config('SET', 'maxmemory', '0');
  const after = await api.send(body, 'full');
  for (const { id } of [job, after])
    expect((await api.completed(id, 40_000)).counts).toMatchObject({ unknown: 0, failed: 0 });
  expect(await stage.platform.ledger()).toMatchObject({ repeats: 0 });
});
