// Pause, resume, cancel and changes of a job that is being sent, over two dispatch processes: each holds at the receiver within a second,
// each may be sent again, and nobody gets a message twice.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectSum } from '../support/both-ends.ts';
import { API_KEY, bulk, type Client } from '../support/client.ts';
import { startProgram } from '../support/program.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const WITHIN_MS = 1_000;
const [PAUSED, CANCELED, WAITING, MOVED] = [3_000_000, 4_000_000, 5_000_000, 6_000_000];
const [EARLY, OTHER, CLIENT] = [7_000_000, 8_000_000, 9_000_000];
let stage: Stage;
let api: Client;
let url: string;

beforeAll(async () => {
  stage = await openStage({
    senders: [
      { id: 's1', throughput: 100 },
      { id: 's2', throughput: 100 },
      { id: 's3', throughput: 100 },
    ],
  });
  ({ api, url } = await stage.serve(['api']));
  await stage.start(['worker', 'intake', 'upkeep']);
  await Promise.all([stage.start(['worker', 'dispatch']), stage.start(['worker', 'dispatch'])]);
});
afterAll(() => stage?.close());

/** When the messages of the job whose numbers begin at `first` arrived, unix ms. */
const arrivalsOf = async (first: number): Promise<number[]> =>
  (await stage.platform.arrivals()).flatMap(({ to, at }) => {
    const number = Number(to?.slice(4));
    return number >= first && number < first + 1_000_000 ? Date.parse(at) : [];
  });

const some = (first: number) =>
  until(async () => (await arrivalsOf(first)).length > 20, { what: 'the job is on its way' });

test('pause stops a job, resume goes on, and each may be sent again', async () => {
  const { id } = await api.send(bulk(400, {}, PAUSED));
  await some(PAUSED);
  const pause = await api.act(id, 'pause');
  const pausedMs = Date.now();
  expect([pause.status, pause.body.job?.status]).toEqual([200, 'paused']);
  expect((await api.act(id, 'pause')).status).toBe(200);
  const still = await until(
    async () => {
      const job = await api.job(id);
      return job.counts.sending === 0 ? job : undefined;
    },
    { what: 'its calls end' },
  );
  expect(still).toMatchObject({ status: 'paused' });
  expect(still.counts.queued).toBeGreaterThan(0);
  // Another job of the sender goes by while it stands.
  const other = await api.send(bulk(150, {}, OTHER));
  await api.completed(other.id);
  const late = (await arrivalsOf(PAUSED)).filter((ms) => ms > pausedMs + WITHIN_MS);
  expect(late).toEqual([]);
  expect((await api.job(id)).counts).toEqual(still.counts);
  expect((await api.act(id, 'resume')).body.job?.status).toMatch(/sending|queued/);
  expect((await api.act(id, 'resume')).status).toBe(200);
  const done = await api.completed(id);
  expect(done.counts.accepted).toBe(400);
  expect((await api.act(id, 'pause')).status).toBe(409);
  expect((await stage.platform.ledger()).repeats).toBe(0);
});

test('cancel ends what is queued and tells how many had left', async () => {
  const { id } = await api.send(bulk(2_000, { sender: 's2' }, CANCELED));
  await some(CANCELED);
  const cancel = await api.act(id, 'cancel');
  const canceledMs = Date.now();
  expect(cancel.status).toBe(200);
  const ended = await until(
    async () => {
      const job = await api.job(id);
      return job.status === 'canceled' ? job : undefined;
    },
    { what: 'the job is canceled' },
  );
  expect(Date.now() - canceledMs).toBeLessThan(2 * WITHIN_MS);
  expectSum(ended);
  const arrived = await arrivalsOf(CANCELED);
  expect(ended.counts).toMatchObject({
    queued: 0,
    accepted: arrived.length,
    canceled: 2_000 - arrived.length,
  });
  expect(cancel.body.left).toBe(arrived.length);
  expect((await api.items(id, 'canceled')).length).toBe(ended.counts.canceled);
  expect((await api.act(id, 'cancel')).body).toMatchObject({
    left: arrived.length,
    job: { status: 'canceled' },
  });
  expect((await api.act(id, 'resume')).status).toBe(409);
});

test('a job that waits for its time is paused, resumed and canceled as well', async () => {
  const sendAt = new Date(Date.now() + 3_600_000).toISOString();
  const { id } = await api.send(bulk(10, { sender: 's3', send_at: sendAt }, WAITING));
  expect((await api.act(id, 'pause')).body.job?.status).toBe('paused');
  expect((await api.act(id, 'resume')).body.job?.status).toMatch(/scheduled|accepted/);
  const cancel = await api.act(id, 'cancel');
  expect(cancel.body.left).toBe(0);
  const canceled = async () => (await api.job(id)).counts.canceled === 10;
  await until(canceled, { what: 'all are canceled' });
  expect((await api.job(id)).status).toBe('canceled');
});

test('a change of send_at, spread and priority binds what waits', async () => {
  const sendAt = new Date(Date.now() + 3_600_000).toISOString();
  const { id } = await api.send(bulk(20, { sender: 's3', send_at: sendAt, spread: '10m' }, MOVED));
  const startMs = Date.now() + 1_000;
  const patch = { send_at: new Date(startMs).toISOString(), spread: '2s', priority: 'high' };
  expect(await api.patch(`/v1/jobs/${id}`, patch)).toMatchObject({ priority: 'high' });
  const done = await api.completed(id);
  expect(done.counts.accepted).toBe(20);
  const times = (await arrivalsOf(MOVED)).map((ms) => ms - startMs);
  console.info(`after the new start: ${Math.min(...times)} to ${Math.max(...times)} ms`);
  expect(Math.min(...times)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...times)).toBeGreaterThan(1_800);
  expect(Math.max(...times)).toBeLessThan(1_900 + WITHIN_MS);
  await expect(api.patch(`/v1/jobs/${id}`, { spread: null })).rejects.toThrow('409');
});

test('what is done to a job that intake has not seen yet holds as well', async () => {
  const ids = await Promise.all(
    ['pause', 'cancel'].map(async (action, i) => {
      const { id } = await api.send(bulk(500, { sender: 's3' }, EARLY + i * 10_000));
      expect((await api.act(id, action)).status).toBe(200);
      return id;
    }),
  );
  const [paused = '', canceled = ''] = ids;
  await until(async () => (await api.job(canceled)).status === 'canceled', { what: 'it is canceled' });
  const job = await api.job(paused);
  expect(job.status).toBe('paused');
  await api.act(paused, 'resume');
  expect((await api.completed(paused)).counts.accepted).toBe(500);
});

test('the command line client does it too', async () => {
  const { id } = await api.send(bulk(400, { sender: 's3' }, CLIENT));
  const sluice = async (...args: string[]) => {
    const env = { SLUICE_API_KEY: API_KEY, SLUICE_URL: url };
    const program = startProgram('src/cli/sluice.ts', args, env);
    expect(await program.ended).toBe(0);
  };
  await sluice('pause', id);
  expect((await api.job(id)).status).toBe('paused');
  await sluice('cancel', id);
  await until(async () => (await api.job(id)).status === 'canceled', { what: 'it is canceled' });
});
