// What the platform tells by webhook binds messages that are on their way: a template is paused, an account restricted, people write in.
import { expect, test } from 'vitest';
import { bulk } from '../support/client.ts';
import { numberOf, servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

/** Wanted: a second, which the printed figure says; the rest is a busy machine. */
const BINDS_MS = 3_000;
const PER_SECOND = 50;
const REPLIES = 9;
const served = servedStage({
  senders: [
    { id: 's2', throughput: PER_SECOND, portfolio: 'two' },
    { id: 's3', throughput: PER_SECOND, portfolio: 'three' },
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
