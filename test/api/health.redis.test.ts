import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHealthServer } from '../../src/api/health.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { redisUrl } from '../support/services.ts';
import { until } from '../support/until.ts';
import { bulkBody, errorOf, type Harness, startHarness } from './harness.ts';
import { exchange } from './raw-http.ts';
import { type RedisProxy, redisProxy } from './redis-proxy.ts';

let proxy: RedisProxy;
let h: Harness;

beforeAll(async () => {
  proxy = await redisProxy(redisUrl());
  h = await startHarness({ redisUrl: proxy.url });
});
afterAll(async () => {
  await h.stop();
  await proxy.close();
});

const ready = async (url = h.url) => {
  const answer = await fetch(`${url}/readyz`);
  return { status: answer.status, body: await answer.json() };
};
const READY = { status: 200, body: { status: 'ready', checks: { redis: true, log: true } } };
const NOT_READY = { status: 503, body: { status: 'not_ready', checks: { redis: false, log: false } } };

test('liveness, readiness, metrics and the front need no key', async () => {
  const live = await fetch(`${h.url}/healthz`);
  expect(live.status).toBe(200);
  expect(await live.json()).toEqual({ status: 'ok' });
  expect(await ready()).toEqual(READY);
  expect(await (await fetch(`${h.url}/`)).json()).toMatchObject({
    name: 'sluice',
    links: { jobs: '/v1/jobs' },
  });
  await h.call('/v1/jobs/+16505551234');
  const metrics = await fetch(`${h.url}/metrics`);
  expect(metrics.headers.get('content-type')).toMatch(/^text\/plain; version=/);
  const text = await metrics.text();
  expect(text).toMatch(/^process_cpu_seconds_total /m);
  expect(text).toMatch(
    /^sluice_http_requests_total\{method="GET",route="\/v1\/jobs\/:id",status="404"\} 1$/m,
  );
  expect(text).not.toContain('6505551234');
});

test('without Redis: alive, not ready, and every call is 503 with retry-after until it is back', async () => {
  proxy.cut();
  await until(async () => (await ready()).status === 503, { what: 'not ready' });
  expect(await ready()).toEqual(NOT_READY);
  expect((await fetch(`${h.url}/healthz`)).status).toBe(200);
  for (const answer of [
    await h.post('/v1/messages/bulk', bulkBody(1), { 'idempotency-key': 'outage' }),
    await h.call('/v1/jobs'),
  ]) {
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await errorOf(answer)).toMatchObject({ status: 503, code: 'unavailable' });
  }
  proxy.mend();
  await until(async () => (await ready()).status === 200, { what: 'ready again' });
  const later = await h.post('/v1/messages/bulk', bulkBody(1), { 'idempotency-key': 'outage' });
  expect(later.status).toBe(202);
});

test('a Redis that hangs is found out within a second', async () => {
  proxy.freeze();
  const began = systemClock.now();
  expect(await ready()).toEqual(NOT_READY);
  expect(systemClock.now() - began).toBeLessThan(2_000);
  proxy.mend();
  await until(async () => (await ready()).status === 200, { what: 'ready again' });
});

test('a request that is being answered when the API stops is still answered', async () => {
  const own = await startHarness({ redisUrl: redisUrl() });
  const began = Promise.withResolvers<void>();
  const body = new ReadableStream({
    start: async (controller) => {
      await began.promise;
      controller.enqueue(new TextEncoder().encode(bulkBody(1)));
      controller.close();
    },
  });
  const answer = own.call('/v1/messages/bulk', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    duplex: 'half',
  } as RequestInit);
  const idle = exchange(own.url, ['GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n']);
  await until(async () => /route="\/healthz",status="200"\} 1$/m.test(await own.metrics.text()), {
    what: 'idle is idle',
  });
  const stopped = own.stop();
  expect(await idle).toMatchObject({ status: 200, closed: true });
  began.resolve();
  expect((await answer).status).toBe(202);
  await stopped;
});

test('the health server of a worker answers the same three', async () => {
  let [healthy, fine] = [true, true];
  const server = createHealthServer({
    port: 0,
    healthy: () => healthy,
    checks: { redis: async () => fine, log: () => Promise.reject(new Error('away')) },
    metrics: createMetrics(),
    clock: systemClock,
    logger: silentLogger,
  });
  await server.start();
  const url = server.url();
  const get = (path: string) => fetch(url + path);
  expect(await (await get('/healthz')).json()).toEqual({ status: 'ok' });
  healthy = false;
  expect((await get('/healthz')).status).toBe(503);
  expect(await ready(url)).toEqual({
    status: 503,
    body: { status: 'not_ready', checks: { redis: true, log: false } },
  });
  fine = false;
  expect((await ready(url)).body).toMatchObject({ checks: { redis: false } });
  expect(await (await get('/metrics?x')).text()).toContain('process_cpu_seconds_total');
  expect((await get('/')).status).toBe(404);
  await server.stop();
  await expect(get('/healthz')).rejects.toThrow();
});
