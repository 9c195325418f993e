// Redis with nothing behind it: restarted on its own files it is verified by itself and the job ends, everybody once; emptied it starts clean.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seatKey } from '../../src/memory/keys.ts';
import { expectAgreement } from '../support/both-ends.ts';
import { bulk } from '../support/client.ts';
import { type OwnRedis, openOwnRedis } from '../support/own-redis.ts';
import { type ApiProgram, numberOf, openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const RECIPIENTS = 400;
const PER_SECOND = 100;
const HOME = 's:s1';
let own: OwnRedis;
let stage: Stage;
let service: ApiProgram;

beforeAll(async () => {
  own = await openOwnRedis();
  stage = await openStage({ senders: [{ id: 's1', throughput: PER_SECOND }], redisUrl: own.url });
  service = await stage.serve(['start']);
});
afterAll(async () => {
  await stage?.close();
  await own?.end();
});

const seatOf = () => own.redis.client.hget(seatKey(stage.namespace, HOME), 'run');
const runOf = async () => /run_id:(\w+)/.exec(await own.redis.client.info('server'))?.[1];

test('killed and started again on what its files hold', async () => {
  const { api } = service;
  const { id } = await api.send(bulk(RECIPIENTS));
  const half = async () => (await stage.platform.ledger()).totals.taken >= RECIPIENTS / 2;
  await until(half, { what: 'half of the job' });
  const before = await seatOf();
  await own.kill();
  await own.start();
  const finished = async () => (await api.job(id).catch(() => undefined))?.status === 'completed';
  await until(finished, { what: 'the job has ended', timeoutMs: 30_000 });
  expectAgreement(await api.job(id), await api.items(id), await stage.platform.arrivals());
  expect(await stage.platform.ledger()).toMatchObject({ repeats: 0, violations: { total: 0 } });
  expect(await seatOf()).toBe(await runOf());
  expect(await seatOf()).not.toBe(before);
});

test('a moment old: what was called since is told, and no row is passed over', async () => {
  const { api } = service;
  const { platform } = stage;
  await platform.number(numberOf('s1'), { latency_ms: 1_000 });
  const before = (await platform.ledger()).totals.arrivals;
  const arrived = (count: number) =>
    until(async () => (await platform.ledger()).totals.arrivals >= before + count, {
      what: `${count} calls`,
    });
  const { id } = await api.send(bulk(RECIPIENTS, {}, 4_000_000));
  await arrived(PER_SECOND);
  const copy = await own.copy();
  await arrived(PER_SECOND + 20);
  await own.kill();
  await own.start(copy);
  const finished = async () => (await api.job(id).catch(() => undefined))?.status === 'completed';
  await until(finished, { what: 'the job has ended', timeoutMs: 30_000 });
  expectAgreement(await api.job(id), await api.items(id), await platform.arrivals());
  expect(await platform.ledger()).toMatchObject({ repeats: 0 });
});

test('emptied', async () => {
  const { api } = service;
  await own.redis.client.flushall();
  const known = async () => (await api.post(bulk(20, {}, 5_000_000)).catch(() => undefined))?.body.job?.id;
  const id = await until(known, { what: 'a job is accepted again', timeoutMs: 30_000 });
  await api.completed(id);
  expect(await seatOf()).toBe(await runOf());
});
