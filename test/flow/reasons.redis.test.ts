// Whoever waits is told why, whatever it is that they wait for: every queued message has its reason, and no other's.
import { expect, test } from 'vitest';
import { bulk, type ItemView } from '../support/client.ts';
import { servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const served = servedStage({
  senders: ['s1', 's2', 's3', 's4', 's5', 's6'].map((id) => ({ id, throughput: 10 })),
});

/** The queued messages of a job once one of them has this reason. */
const waiting = (id: string, reason: string): Promise<ItemView[]> =>
  until(
    async () => {
      const items = await served.service.api.items(id, 'queued');
      return items.some(({ hold }) => hold?.limit === reason) ? items : undefined;
    },
    { what: `a message waits for ${reason}` },
  );

const leftMs = ({ hold }: ItemView): number => Date.parse(hold?.until ?? '') - Date.now();

function expectReasons(items: ItemView[], reasons: string[]): void {
  for (const { hold } of items) {
    expect(reasons).toContain(hold?.limit);
    expect(hold?.message).toMatch(/^[A-Z].*\.$/);
  }
}

test('a person the platform spares, a pair too soon, a refusal for now: each its own, beside the rate', async () => {
  const { platform } = served.stage;
  const { api } = served.service;
  const cases = [
    { sender: 's1', code: 131_049, reason: 'recipient', atLeastMs: DAY_MS - 60_000 },
    { sender: 's5', code: 131_056, reason: 'meta.pair', atLeastMs: 0 },
    { sender: 's6', code: 135_000, reason: 'retry', atLeastMs: 0 },
  ];
  for (const [i, { sender, code, reason, atLeastMs }] of cases.entries()) {
    await platform.fault({ kind: 'error', number: `number-${sender}`, code, count: 1 });
    const { id } = await api.send(bulk(20, { sender }, 2_000_000 + i * 1_000_000));
    const items = await waiting(id, reason);
    // A call that a busy machine made too late was not written, and is tried again.
    expectReasons(items, [reason, 'meta.throughput', 'retry']);
    const own = items.filter(({ hold }) => hold?.limit === reason);
    expect(own.length).toBeGreaterThanOrEqual(1);
    expect(Math.max(...own.map(leftMs))).toBeGreaterThan(atLeastMs);
  }
});

test('a paused template holds the messages of that template only', async () => {
  const { api } = served.service;
  await served.stage.platform.fault({ kind: 'error', number: 'number-s2', code: 132_015, count: 1 });
  const { id } = await api.send(bulk(30, { sender: 's2' }, 5_000_000));
  const items = await until(
    async () => {
      const all = await api.items(id, 'queued');
      return all.length > 0 && all.every(({ hold }) => hold?.limit === 'template') ? all : undefined;
    },
    { what: 'everything waits for the template' },
  );
  for (const one of items) expect(leftMs(one)).toBeGreaterThan(HOUR_MS / 4);
  const job = await api.job(id);
  expect(job.hold).toMatchObject({ limit: 'template' });
  expect(job.hold?.message).toContain('order_ready');
  expect(Date.parse(job.eta?.finish_at ?? '') - Date.now()).toBeGreaterThan(HOUR_MS / 4);
  const text = await api.send(
    bulk(5, { sender: 's2', template: undefined, text: { body: 'Hi' } }, 6_000_000),
  );
  await api.completed(text.id);
});

test('credentials that are refused hold everything of the sender, and a paused job its own', async () => {
  const { api } = served.service;
  await served.stage.platform.fault({ kind: 'error', number: 'number-s3', code: 190, count: 1_000 });
  const { id } = await api.send(bulk(30, { sender: 's3' }, 7_000_000));
  expectReasons(await waiting(id, 'credentials'), ['credentials']);
  const slow = await api.send(bulk(60, { sender: 's4' }, 8_000_000));
  expectReasons(await waiting(slow.id, 'meta.throughput'), ['meta.throughput']);
  expect((await api.act(slow.id, 'pause')).status).toBe(200);
  expectReasons(await waiting(slow.id, 'job_paused'), ['job_paused']);
  expect(await api.job(slow.id)).toMatchObject({ eta: null, hold: { limit: 'job_paused' } });
});
