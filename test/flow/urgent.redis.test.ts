// A job of five with high priority behind 100,000 bulk recipients of the same sender: all five at the receiver within a second.
import { expect, test } from 'vitest';
import { bulk } from '../support/client.ts';
import { servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const PER_POST = 10_000;
const POSTS = 10;
const PER_SECOND = 80;
const URGENT = 5;
const WITHIN_MS = 1_000;
const URGENT_FIRST = 9_000_000;
const served = servedStage({ senders: [{ id: 's1', throughput: PER_SECOND }] });

test('five urgent ones behind 100,000', async () => {
  const { api } = served.service;
  for (let i = 0; i < POSTS; i += 1) {
    const { id } = await api.send(bulk(PER_POST, {}, 2_000_000 + i * PER_POST));
    const sending = async () => (await api.job(id)).status === 'sending';
    await until(sending, { what: 'the bulk is on its way', timeoutMs: 30_000 });
  }
  const postedMs = Date.now();
  const { id } = await api.send(bulk(URGENT, { priority: 'high' }, URGENT_FIRST));
  await api.completed(id);
  const late = (await served.stage.platform.arrivals()).flatMap(({ to, at }) =>
    Number(to?.slice(4)) >= URGENT_FIRST ? Date.parse(at) - postedMs : [],
  );
  console.info(`urgent, after their post: ${late.join(', ')} ms`);
  expect(late).toHaveLength(URGENT);
  expect(Math.max(...late)).toBeLessThan(WITHIN_MS);
});

test('a job of five does not wait behind a job of ten thousand, nor behind a hundred others', async () => {
  const { api } = served.service;
  for (let i = 0; i < 100; i += 1) await api.send(bulk(100, { priority: 'normal' }, 5_000_000 + i * 100));
  const small = await api.send(bulk(URGENT, { priority: 'normal' }, 7_000_000));
  // A turn of every other job of its priority, sixteen rows each, and no more: 1,600 rows at 80 a second.
  const { counts } = await api.completed(small.id, 30_000);
  expect(counts.accepted).toBe(URGENT);
});
