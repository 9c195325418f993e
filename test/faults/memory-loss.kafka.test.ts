// Redis loses its memory at half of a job, with calls under way, while Kafka keeps its own. Nothing is lost, nobody gets two, sending goes on
// within a minute, a canceled job stays canceled, a key still answers with its job, a changed limit stays changed, who opted out stays out,
// contacts are as they were, and who was forgotten is. Where nobody but the API is left, it does all of this; what customers had not been told
// they are told, who got a template gets it no second time, and the audit trail is there.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { takenPerRecipient } from '../support/both-ends.ts';
import { API_KEY, bulk, type JobView } from '../support/client.ts';
import { bytesHold } from '../support/job-bytes.ts';
import { type OwnRedis, openOwnRedis } from '../support/own-redis.ts';
import { keepOutput } from '../support/run-record.ts';
import { kafkaBrokers } from '../support/services.ts';
import { openSink, type Sink } from '../support/sink.ts';
import { type ApiProgram, numberOf, openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const RECIPIENTS = 400;
const PER_SECOND = 100;
const LATENCY_MS = 60;
/** Of people in 24 hours; never reached. */
const TIER = 2_000;
const BACK_MS = 60_000;
/** Calls under way when the memory was lost, with those of the next 50 ms and those whose answer nobody could bring home. */
const UNKNOWN_MAX = 60;

let own: OwnRedis;
let stage: Stage;
let service: ApiProgram;
let sink: Sink | undefined;

afterEach(async () => {
  await stage?.close();
  await own?.end();
  await sink?.close();
  sink = undefined;
});

/** All in one process, or only the API. */
async function open(onLoss: 'stop' | 'rebuild', parts: 'start' | 'api' = 'start'): Promise<void> {
  own = await openOwnRedis();
  stage = await openStage({
    senders: [{ id: 's1', throughput: PER_SECOND, portfolio: 'bm' }],
    redisUrl: own.url,
    env: { KAFKA_BROKERS: kafkaBrokers(), SLUICE_ON_MEMORY_LOSS: onLoss, SLUICE_ADMIN_KEY: ADMIN_KEY },
    ...(sink && {
      webhooks: [{ url: sink.url, events: ['*'], secret: 'whsec_c2luaw==', allow_private: true }],
    }),
  });
  await stage.platform.number(numberOf('s1'), { latency_ms: LATENCY_MS });
  service = await stage.serve([parts]);
}

const ADMIN_KEY = 'sk_admin_0123456789abcdef0123456789abcdef';
const key = 'the-key-of-the-job';
/** Who opted out, who did and wants messages again, and who got a message and was forgotten. */
const [OUT, AGAIN, GONE] = [7_500_000, 7_500_001, 7_500_002];
const to = (person: number): string => `+1650${person}`;

interface Begun {
  id: string;
  body: Record<string, unknown>;
  canceled: JobView;
  contact: string;
  /** Jobs that named who was forgotten. */
  erased: string[];
  /** Who was written to before dispatch had heard of the changed limit: these are not counted. */
  uncounted: number;
}

/** A job that was canceled, one that is half done, and a limit that was changed live. */
async function begin(): Promise<Begun> {
  const { api } = service;
  const other = await api.send(
    bulk(50, { send_at: new Date(Date.now() + 3_600_000).toISOString() }, 7_000_000),
  );
  await until(async () => (await api.act(other.id, 'cancel')).status === 200, { what: 'it is canceled' });
  const over = async () => ((await api.job(other.id)).status === 'canceled' ? api.job(other.id) : undefined);
  const canceled = await until(over, { what: 'the job is canceled' });
  await api.patch('/v1/senders/s1', { throughput: PER_SECOND - 1 });
  await api.patch('/v1/portfolios/bm', { messaging_limit: TIER });
  await optOut('POST', OUT, AGAIN);
  await optOut('DELETE', AGAIN);
  const { contact, erased } = await contacts();
  const body = bulk(RECIPIENTS);
  const { id } = await api.send(body, key);
  const half = async () => (await stage.platform.ledger()).totals.taken >= RECIPIENTS / 2;
  await until(half, { what: 'half of the job' });
  return { id, body, canceled, contact, erased, uncounted: 0 };
}

const auth = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' };

/** One contact that is forgotten again, one that is changed: what a job said first must not come back. */
async function contacts(): Promise<Pick<Begun, 'contact' | 'erased'>> {
  const ask = (method: string, path: string, body?: object) =>
    fetch(service.url + path, { method, headers: auth, ...(body && { body: JSON.stringify(body) }) });
  const put = async (...list: object[]): Promise<string> => {
    const answer = await ask('POST', '/v1/contacts/bulk', { sender: 's1', contacts: list });
    const { job } = (await answer.json()) as { job: JobView };
    await service.api.completed(job.id);
    return job.id;
  };
  const told = await put(
    { number: to(GONE), name: 'Gone' },
    { number: to(AGAIN), external_id: 'crm-1', name: 'Old' },
  );
  await put({ external_id: 'crm-1', name: 'New', tags: ['vip'] });
  const sent = await service.api.completed((await service.api.send(bulk(1, {}, GONE))).id);
  expect(sent.counts.accepted).toBe(1);
  const { data } = await service.api.get<{ data: { id: string; name: string }[] }>('/v1/contacts');
  const gone = data.find(({ name }) => name === 'Gone')?.id;
  expect((await ask('DELETE', `/v1/contacts/${gone}`)).status).toBe(204);
  return { contact: data.find(({ name }) => name === 'New')?.id ?? '', erased: [told, sent.id] };
}

async function optOut(method: 'POST' | 'DELETE', ...people: number[]): Promise<void> {
  const response = await fetch(`${service.url}/v1/suppressions`, {
    method,
    headers: auth,
    body: JSON.stringify({ to: people.map(to) }),
  });
  expect(response.status).toBe(200);
}

async function tierNow() {
  const limits = await service.api.get<{ data: { name: string; count: number; used: number }[] }>(
    '/v1/senders/s1/limits',
  );
  return limits.data.find(({ name }) => name === 'meta.messaging_limit');
}

async function expectRight({ id, body, canceled, contact, erased, uncounted }: Begun): Promise<void> {
  const { api } = service;
  const ended = async () => {
    const job = await api.job(id).catch(() => undefined);
    return job?.status === 'completed' ? job : undefined;
  };
  const job = await until(ended, { what: 'the job has ended', timeoutMs: BACK_MS });
  const taken = takenPerRecipient(await stage.platform.arrivals());
  const items = await api.items(id);
  expect(items).toHaveLength(RECIPIENTS);
  expect(job.counts.accepted + job.counts.unknown).toBe(RECIPIENTS);
  expect(job.counts.unknown).toBeLessThanOrEqual(UNKNOWN_MAX);
  for (const item of items) if (item.status === 'accepted') expect(taken.get(item.to)).toBe(1);
  expect(await stage.platform.ledger()).toMatchObject({ repeats: 0, violations: { total: 0 } });
  expect((await api.job(canceled.id)).status).toBe('canceled');
  expect((await api.job(canceled.id)).counts).toMatchObject({ canceled: 50, accepted: 0 });
  const again = await api.post(body, key);
  expect([again.status, again.body.job?.id]).toEqual([202, id]);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect((await api.post({ ...body, category: 'utility' }, key)).status).toBe(422);
  expect(await api.get('/v1/senders/s1')).toMatchObject({ throughput: PER_SECOND - 1 });
  const { data } = await api.get<{ data: object[] }>('/v1/contacts');
  expect(data).toEqual([
    expect.objectContaining({ id: contact, name: 'New', number: to(AGAIN), tags: ['vip'] }),
  ]);
  await expectErased(erased);
  const two = await api.completed((await api.send(bulk(2, {}, OUT))).id);
  expect(two.counts).toMatchObject({ suppressed: 1, accepted: 1 });
  const later = takenPerRecipient(await stage.platform.arrivals());
  expect([later.get(to(OUT)), later.get(to(AGAIN))]).toEqual([undefined, 1]);
  // Everybody of the last 24 hours is counted again.
  const tier = await tierNow();
  expect(tier?.count).toBe(TIER);
  expect(tier?.used).toBeGreaterThanOrEqual(taken.size - uncounted);
}

/** The log has brought their number back; nobody is shown it, and it goes again. */
async function expectErased(jobs: string[]): Promise<void> {
  for (const job of jobs)
    expect((await service.api.items(job))[0]).toMatchObject({
      to: '',
      reference: null,
      provider_id: null,
      status: 'accepted',
    });
  const { client } = own.redis;
  const named = async () => {
    const keys = (await client.keys('*:job:job_*')).filter((name) =>
      jobs.some((job) => name.includes(`:${job}:`)),
    );
    const held = await Promise.all(
      keys.map(async (name) =>
        bytesHold((await client.type(name)) === 'string' ? await client.getBuffer(name) : null, to(GONE)),
      ),
    );
    return held.includes(true);
  };
  await until(async () => !(await named()), { what: 'the bytes are gone again' });
}

test('emptied, and nobody but the API is left: rebuilt by it, and what nobody had been told is told', async () => {
  const told = await openSink([]);
  sink = told;
  await open('rebuild', 'api');
  const { api } = service;
  const worker = await stage.start(['worker', 'intake', 'dispatch', 'receipts', 'upkeep']);
  const campaign = bulk(3, { unique_within: '1h' }, 7_700_000);
  const { id } = await api.completed((await api.send(campaign)).id);
  const begun = await begin();
  worker.kill('SIGKILL');
  await worker.ended;
  const reached = takenPerRecipient(await stage.platform.arrivals()).size;
  begun.uncounted = reached - ((await tierNow())?.used ?? 0);
  await own.redis.client.flushall();
  const rebuilt = (line: string) => line.includes('"state":"rebuilt"') || undefined;
  await service.program.seen('the API has rebuilt it', rebuilt, BACK_MS);
  const trail = await fetch(`${service.url}/v1/admin/audit`, {
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
  });
  const { data } = (await trail.json()) as { data: { action: string }[] };
  expect(data.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['sender.changed', 'portfolio.changed', 'job.canceled', 'contact.deleted']),
  );
  await stage.start(['worker', 'all']);
  await expectRight(begun);
  const accepted = (job: string) =>
    new Set(told.taken('message.accepted').flatMap((event) => (event.data.job_id === job ? event.id : [])));
  await until(() => accepted(id).size === 3, { what: 'what ended before the loss is told' });
  const { counts } = await api.job(begun.id);
  await until(() => accepted(begun.id).size === counts.accepted, { what: 'all that was accepted is told' });
  const again = await api.completed((await api.send({ ...campaign, metadata: { again: true } })).id);
  expect(again.counts).toMatchObject({ suppressed: 3, accepted: 0 });
});

test('a second old: rebuilt by itself', async () => {
  await open('rebuild');
  const begun = begin();
  const quarter = async () => (await stage.platform.ledger()).totals.taken >= RECIPIENTS / 4;
  await until(quarter, { what: 'a quarter of the job' });
  const copy = await own.copy();
  const done = await begun;
  await own.kill();
  await own.start(copy);
  await expectRight(done);
  expect(service.program.lines.some((line) => line.includes('"state":"rebuilt"'))).toBe(true);
});

/** No key is known: nothing is accepted, changed or denied. */
async function expectRefused({ id, body }: Begun): Promise<void> {
  const ask = (path: string, init: RequestInit = {}) => fetch(service.url + path, { headers: auth, ...init });
  for (const other of [body, { ...body, category: 'utility' }]) {
    const { status, headers } = await service.api.post(other, key);
    expect([status, headers.get('retry-after')]).toEqual([503, '5']);
  }
  const rows = {
    method: 'POST',
    body: 'to\n+16508000000\n',
    headers: { ...auth, 'content-type': 'text/csv' },
  };
  const answers = [
    await ask('/v1/jobs?sender=s1&text.body=x', rows),
    await ask(`/v1/jobs/${id}`),
    await ask('/v1/jobs'),
    await ask('/v1/suppressions', { method: 'POST', body: JSON.stringify({ to: to(OUT) }) }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503]);
  const ready = await ask('/readyz');
  expect([ready.status, await ready.json()]).toMatchObject([503, { checks: { memory: false, redis: true } }]);
}

/** The command of an operator. */
function rebuild(): Promise<{ status: number | null; text: string }> {
  const root = path.resolve(import.meta.dirname, '../..');
  const child = spawn(process.execPath, ['src/cli/sluice.ts', 'rebuild'], {
    cwd: root,
    env: { PATH: process.env.PATH, ...stage.env },
  });
  keepOutput('src/cli/sluice.ts', child.pid ?? 0, [child.stdout, child.stderr]);
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      text += data;
    });
  return new Promise((resolve) => child.once('exit', (status) => resolve({ status, text })));
}

test('restarted: goes on by itself; emptied: stops until it is rebuilt by hand', async () => {
  await open('stop');
  const beginning = begin();
  const quarter = async () => (await stage.platform.ledger()).totals.taken >= RECIPIENTS / 4;
  await until(quarter, { what: 'a quarter of the job' });
  // Restarted on what its files hold, nothing is missing: it goes on by itself.
  await own.kill();
  await own.start();
  const begun = await beginning;
  await own.redis.client.flushall();
  await service.program.seen(
    'the loss is found',
    (line) => line.includes('memory.lost') || undefined,
    30_000,
  );
  await expectRefused(begun);
  const before = (await stage.platform.ledger()).totals.arrivals;
  const { status, text } = await rebuild();
  expect(before).toBeLessThan(RECIPIENTS);
  expect(text).toContain('Redis is right again');
  expect(status).toBe(0);
  await expectRight(begun);
  expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
});
