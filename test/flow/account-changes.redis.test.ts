// The platform changes an account by webhook: limits and holds follow within a second, for the sender it means and for no other.
import { afterAll, expect, test } from 'vitest';
import { systemClock as clock } from '../../src/base/clock.ts';
import { createRedis } from '../../src/base/redis.ts';
import { holdsKey, limitKeys, windowKey } from '../../src/pacing/keys.ts';
import { bulk } from '../support/client.ts';
import { redisUrl } from '../support/services.ts';
import { numberOf, servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

/** A change is known everywhere after 400 ms (the printed figure says); the rest is a busy machine. */
const BINDS_MS = 5_000;
const served = servedStage({
  senders: [
    { id: 's1', throughput: 80, portfolio: 'one' },
    { id: 's2', throughput: 80, portfolio: 'two' },
  ],
});
const redis = createRedis(redisUrl(), clock);
afterAll(() => redis.close());

const api = () => served.service.api;
const hold = (field: string) => redis.client.hget(holdsKey(served.stage.namespace, 'p:one'), field);

async function within<T>(what: string, look: () => Promise<T>): Promise<void> {
  const startedMs = performance.now();
  await until(look, { what });
  const tookMs = Math.round(performance.now() - startedMs);
  console.info(`${what}: after ${tookMs} ms`);
  expect(tookMs).toBeLessThanOrEqual(BINDS_MS);
}

const throughput = async (id: string) =>
  (await api().get<{ throughput: number }>(`/v1/senders/${id}`)).throughput;
const tier = async (id: string) =>
  (await api().get<{ messaging_limit: unknown }>(`/v1/portfolios/${id}`)).messaging_limit;

test('a person writes: a window of 24 hours, and a guard on the throughput', async () => {
  const { platform, namespace } = served.stage;
  for (const sender of ['s1', 's2']) await served.stage.webhook(sender, served.service.url);
  const beforeMs = Date.now();
  await platform.inbound(numberOf('s1'), '16505551234', 'Hello', 3);
  const key = windowKey(namespace, 'p:one', 's1');
  await within('the window is open', () => redis.client.exists(key));
  const [person = '', end] = await redis.client.zrange(key, '0', '-1', 'WITHSCORES');
  expect(person).toMatch(/^[\w-]{16}$/);
  expect(Math.abs(Number(end) / 1_000 - beforeMs - 86_400_000)).toBeLessThan(5_000);
  const { state } = limitKeys(namespace, 'p:one', 's1', 'meta.throughput');
  expect(await redis.client.hget(state, 'guard')).toBe('3');
  expect(await redis.client.exists(windowKey(namespace, 'p:two', 's2'))).toBe(0);
});

test('a tier and a throughput change for the number that the platform means', async () => {
  const { platform } = served.stage;
  // s2 has never been heard of: its account could be that of either.
  await platform.change(numberOf('s2'), 'business_capability_update', {
    max_daily_conversations_per_business: 250,
  });
  await platform.change(numberOf('s1'), 'business_capability_update', {
    max_daily_conversations_per_business: 10_000,
  });
  await within('the tier is raised', async () => (await tier('one')) === 10_000);
  await platform.change(numberOf('s1'), 'phone_number_quality_update', {
    event: 'THROUGHPUT_UPGRADE',
    max_daily_conversations_per_business: 'TIER_UNLIMITED',
  });
  await within('the throughput is raised', async () => (await throughput('s1')) === 1_000);
  await until(async () => (await tier('one')) === 'unlimited', { what: 'the tier of the same message' });
  expect([await throughput('s2'), await tier('two')]).toEqual([80, 'unlimited']);
  const metrics = await fetch(`${served.service.url}/metrics`).then((answer) => answer.text());
  expect(metrics).toContain('account_changes_total{fate="unclear"} 1');
});

test('a restriction, a disabled account and a paused template hold, and are lifted', async () => {
  const { platform } = served.stage;
  const number = numberOf('s1');
  const untilS = Math.floor(Date.now() / 1_000) + 3_600;
  const restriction_info = [{ restriction_type: 'RESTRICTED_BIZ_INITIATED_MESSAGING', expiration: untilS }];
  await platform.change(number, 'account_update', { event: 'ACCOUNT_RESTRICTION', restriction_info });
  await within('held', async () => (await hold('portfolio')) === `${untilS}000000|ACCOUNT_RESTRICTION|0|`);
  await platform.change(number, 'account_update', { event: 'VERIFIED_ACCOUNT' });
  await within('lifted', async () => (await hold('portfolio')) === null);

  const names = { message_template_name: 'offer', message_template_language: 'en_US' };
  await platform.change(number, 'message_template_status_update', { event: 'PAUSED', ...names });
  await within('template held', async () => (await hold('template:offer:en_US'))?.includes('|PAUSED|'));
  await platform.change(number, 'message_template_status_update', { event: 'APPROVED', ...names });
  await within('template lifted', async () => (await hold('template:offer:en_US')) === null);
});

test('a failure that came by webhook holds what it speaks of: the paused template', async () => {
  const { platform } = served.stage;
  await served.stage.webhook('s1', served.service.url, { fail: 1, fail_code: 132015, delay_ms: 10 });
  const { id } = await api().send(bulk(1));
  await until(async () => (await api().job(id)).counts.failed === 1, { what: 'the message failed' });
  await within('held by a receipt', async () =>
    (await hold('template:order_ready:en_US'))?.includes('|132015|'),
  );
  expect((await platform.ledger()).repeats).toBe(0);
});
