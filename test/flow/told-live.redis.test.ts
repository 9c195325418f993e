// What the platform tells by webhook binds messages that are on their way: a template is paused, an account restricted, people write in.
import { expect, test } from 'vitest';
import { systemClock as clock } from '../../src/base/clock.ts';
import { createRedis } from '../../src/base/redis.ts';
import { restKey } from '../../src/pacing/keys.ts';
import { bulk } from '../support/client.ts';
import { redisUrl } from '../support/services.ts';
import { numberOf, servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

/** Wanted: a second, which the printed figure says; the rest is a busy machine. */
const BINDS_MS = 3_000;
const PER_SECOND = 50;
const REPLIES = 9;
const served = servedStage({
  senders: [
    { id: 's1', throughput: PER_SECOND, portfolio: 'one' },
    { id: 's2', throughput: PER_SECOND, portfolio: 'two' },
    { id: 's3', throughput: PER_SECOND, portfolio: 'three' },
    { id: 's4', throughput: 60, portfolio: 'four' },
    { id: 's5', throughput: PER_SECOND, portfolio: 'five' },
  ],
});

const arrivalsOf = async (sender: string) =>
  (await served.stage.platform.arrivals()).filter(({ number }) => number === numberOf(sender));
const passed = (ms: number) => {
  const endsMs = Date.now() + ms;
  return until(() => Date.now() >= endsMs, { what: `${ms} ms gone by` });
};

/** The platform learns where to tell, and Sluice learns the number's names. */
async function introduced(sender: string): Promise<void> {
  const { stage, service } = served;
  await stage.webhook(sender, service.url, { delay_ms: 0, batch_ms: 5 });
  const { id } = await service.api.send(bulk(1, { sender }, 5_000_000));
  await until(async () => (await service.api.job(id)).counts.delivered === 1, { what: `${sender} is known` });
}

/** Tells `stop` while a job is on its way: nothing more goes, and the job says why; after `go` the rest does. */
async function stopsAndGoes(
  sender: string,
  limit: string,
  stop: () => Promise<void>,
  go: () => Promise<void>,
) {
  const { api } = served.service;
  await introduced(sender);
  const { id } = await api.send(bulk(250, { sender }, 6_000_000));
  await until(async () => (await arrivalsOf(sender)).length > 30, { what: 'the job is on its way' });
  await stop();
  const stoppedMs = Date.now();
  await until(async () => (await api.job(id)).hold?.limit === limit, { what: `the job waits for ${limit}` });
  await passed(BINDS_MS + 1_000);
  const last = (await arrivalsOf(sender)).at(-1);
  const lateMs = Date.parse(last?.at ?? '') - stoppedMs;
  expect(lateMs).toBeLessThanOrEqual(BINDS_MS);
  const count = (await arrivalsOf(sender)).length;
  expect((await api.job(id)).counts.queued).toBeGreaterThan(0);
  await go();
  const goneMs = Date.now();
  await api.completed(id);
  const next = (await arrivalsOf(sender))[count];
  const tookMs = Date.parse(next?.at ?? '') - goneMs;
  console.info(
    `${limit}: the last call ${lateMs} ms after the word, the next ${tookMs} ms after it was lifted`,
  );
  expect(tookMs).toBeLessThanOrEqual(BINDS_MS);
  expect((await api.job(id)).counts).toMatchObject({ accepted: 250, failed: 0, unknown: 0 });
}

test('a paused template waits, and goes on when it is approved again', async () => {
  const { platform } = served.stage;
  const template = (event: string) =>
    platform.change(numberOf('s1'), 'message_template_status_update', {
      event,
      message_template_name: 'order_ready',
      message_template_language: 'en_US',
    });
  await stopsAndGoes(
    's1',
    'template',
    () => template('PAUSED'),
    () => template('APPROVED'),
  );
});

test('a restricted account waits, and goes on when it is verified', async () => {
  const { platform } = served.stage;
  const restriction_info = [{ restriction_type: 'RESTRICTED_BIZ_INITIATED_MESSAGING' }];
  const account = (event: string) =>
    platform.change(numberOf('s2'), 'account_update', { event, restriction_info });
  await stopsAndGoes(
    's2',
    'portfolio',
    () => account('ACCOUNT_RESTRICTION'),
    () => account('VERIFIED_ACCOUNT'),
  );
});

test('a reply to who wrote is free when the messaging limit is used up', async () => {
  const { stage, service } = served;
  const { api } = service;
  await api.patch('/v1/portfolios/three', { messaging_limit: 5 });
  await introduced('s3');
  // One person has been written to already.
  const { id } = await api.send(bulk(6, { sender: 's3' }, 7_000_000));
  await until(async () => (await api.job(id)).counts.accepted === 4, { what: 'the limit is used up' });
  expect((await api.job(id)).hold?.limit).toBe('meta.messaging_limit');
  // Each reply comes to a lane that has just fallen asleep until tomorrow, or is about to.
  for (let i = 0; i < REPLIES; i++) {
    await stage.platform.inbound(numberOf('s3'), `1650750000${i}`);
    const messages = [{ to: `+1650750000${i}`, variables: ['a', 'b'] }];
    const reply = await api.send(bulk(0, { sender: 's3', messages, priority: 'high' }));
    expect((await api.completed(reply.id, 10_000)).counts).toMatchObject({ accepted: 1 });
  }
  expect((await api.job(id)).counts).toMatchObject({ accepted: 4, queued: 2 });
  expect((await stage.platform.ledger()).violations.total).toBe(0);
});

test('while people write in, places of the throughput stay free for them', async () => {
  const { stage, service } = served;
  const { platform } = stage;
  await introduced('s4');
  const number = numberOf('s4');
  const { id } = await service.api.send(bulk(400, { sender: 's4' }, 8_000_000));
  const startedMs = Date.now();
  let written = 0;
  await until(
    async () => {
      const due = Math.floor((Date.now() - startedMs) / 100);
      for (; written < due; written++) await platform.inbound(number, `1650850000${written % 10}`);
      return (await service.api.job(id)).status === 'completed';
    },
    { what: 'the job is done', timeoutMs: 40_000 },
  );
  const rows = await arrivalsOf('s4');
  // The first second cannot know; then what came in the busiest second is kept free. 60 less 10, on a machine that may write late.
  const later = rows.map(({ at_us }) => at_us).filter((us, _, all) => us > (all[0] ?? 0) + 3_000_000);
  const most = Math.max(
    ...later.map((from) => later.filter((us) => us >= from && us < from + 1_000_000).length),
  );
  const refused = rows.filter(({ outcome }) => outcome === 'refused').length;
  console.info(`60/s with 10/s coming in: at most ${most} went out in one second, ${refused} refused in all`);
  expect(most).toBeLessThanOrEqual(53);
  expect((await service.api.job(id)).counts).toMatchObject({ accepted: 400, failed: 0 });
});

test('who gets too much marketing rests for a day, by a receipt as by an answer', async () => {
  const { stage, service } = served;
  const redis = createRedis(redisUrl(), clock);
  await stage.webhook('s5', service.url, { fail: 1, fail_code: 131049, delay_ms: 0, batch_ms: 5 });
  const { id } = await service.api.send(bulk(1, { sender: 's5' }, 9_000_000));
  await until(async () => (await service.api.job(id)).counts.failed === 1, { what: 'it failed' });
  const key = restKey(stage.namespace, 'p:five');
  await until(() => redis.client.zcard(key), { what: 'the person rests' });
  await redis.close();
  const again = await service.api.send(bulk(2, { sender: 's5' }, 9_000_000));
  await until(async () => (await service.api.job(again.id)).counts.failed === 1, {
    what: 'the other one went',
  });
  // For six seconds it is the pair that waits.
  const waits = async () => (await service.api.items(again.id, 'queued'))[0]?.hold?.limit === 'recipient';
  await until(waits, { what: 'the person is said to rest' });
  const utility = await service.api.send(bulk(1, { sender: 's5', category: 'utility' }, 9_000_000));
  await until(async () => (await service.api.job(utility.id)).counts.queued === 0, {
    what: 'no marketing, no rest',
  });
});
