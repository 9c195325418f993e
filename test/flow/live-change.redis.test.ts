// What a sender may do is changed over HTTP while messages wait: it binds all of them within a second, and keeps what was counted.
import { expect, test } from 'vitest';
import { bulk } from '../support/client.ts';
import { servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

/** The change is known everywhere after 400 ms, and a woken lane is on its way in milliseconds; the rest is a busy machine. */
const BINDS_MS = 1_000;
const served = servedStage({
  senders: [
    { id: 's1', throughput: 50 },
    { id: 's2', throughput: 50 },
  ],
});
const arrivalsOf = async (sender: string) =>
  (await served.stage.platform.arrivals()).filter(({ number }) => number === `number-${sender}`);

test('a paused sender sends nothing within a second, and goes on within a second of being resumed', async () => {
  const { api } = served.service;
  const { id } = await api.send(bulk(150));
  await until(async () => (await arrivalsOf('s1')).length > 20, { what: 'the job is on its way' });
  await api.patch('/v1/senders/s1', { paused: true });
  const pausedMs = Date.now();
  await until(() => Date.now() > pausedMs + 2 * BINDS_MS, { what: 'two seconds of pause' });
  const late = (await arrivalsOf('s1')).filter(({ at }) => Date.parse(at) > pausedMs + BINDS_MS);
  expect(late).toEqual([]);
  expect((await api.job(id)).counts.queued).toBeGreaterThan(0);
  await api.patch('/v1/senders/s1', { paused: false });
  const resumedMs = Date.now();
  await api.completed(id);
  const next = (await arrivalsOf('s1')).find(({ at }) => Date.parse(at) > pausedMs + BINDS_MS);
  const tookMs = Date.parse(next?.at ?? '') - resumedMs;
  console.info(`resumed: the next call after ${tookMs} ms`);
  expect(tookMs).toBeLessThanOrEqual(BINDS_MS);
  expect((await served.stage.platform.ledger()).violations.total).toBe(0);
});

test('a limit that is raised wakes the lane that sleeps until its old time, and counts what has gone', async () => {
  const { api } = served.service;
  const minute = (count: number) => ({ limits: [{ name: 'minute', count, per: '60s', pace: 'burst' }] });
  await api.patch('/v1/senders/s2', minute(5));
  const { id } = await api.send(bulk(40, { sender: 's2' }, 3_000_000));
  await until(async () => (await api.job(id)).counts.accepted === 5, { what: 'the limit is used up' });
  const startedMs = Date.now();
  await until(() => Date.now() > startedMs + BINDS_MS, { what: 'the lane sleeps' });
  expect((await api.job(id)).counts.accepted).toBe(5);
  await api.patch('/v1/senders/s2', minute(12));
  const raisedMs = Date.now();
  await until(async () => (await api.job(id)).counts.accepted === 12, { what: 'what the new limit allows' });
  const sixth = (await arrivalsOf('s2'))[5];
  const tookMs = Date.parse(sixth?.at ?? '') - raisedMs;
  console.info(`raised: the next call after ${tookMs} ms`);
  expect(tookMs).toBeLessThanOrEqual(BINDS_MS);
  await api.patch('/v1/senders/s2', minute(8));
  await api.patch('/v1/senders/s2', minute(13));
  await until(async () => (await api.job(id)).counts.accepted === 13, { what: 'one more, not five' });
  expect((await served.stage.platform.ledger()).violations.total).toBe(0);
});
