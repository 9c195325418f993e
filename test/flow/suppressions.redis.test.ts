// Opt-outs over the whole path, counted at the platform: those from before a job, and those that come while it waits.
import { expect, test } from 'vitest';
import { expectSum, takenPerRecipient } from '../support/both-ends.ts';
import { API_KEY, bulk } from '../support/client.ts';
import { servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const served = servedStage({
  senders: [
    { id: 's1', throughput: 200 },
    { id: 's2', throughput: 4 },
  ],
});
let first = 3_000_000;

const number = (i: number): string => `+1650${first + i}`;
async function suppress(to: string[], over: Record<string, unknown> = {}): Promise<void> {
  const answer = await fetch(`${served.service.url}/v1/suppressions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ to, ...over }),
  });
  expect(answer.status).toBe(200);
}
const reached = async () => takenPerRecipient(await served.stage.platform.arrivals());

test('whoever has opted out before is suppressed, counted and explained', async () => {
  const COUNT = 600;
  first += COUNT;
  const out = [0, 1, 250, 499, 500, 599];
  await suppress(out.map(number), { source: 'desk' });
  await suppress([number(7)], { categories: ['utility'] });
  const { api } = served.service;
  const { id } = await api.send(bulk(COUNT, {}, first));
  const job = await api.completed(id);
  expectSum(job);
  expect(job.counts).toMatchObject({ accepted: COUNT - out.length, suppressed: out.length });
  const items = await api.items(id, 'suppressed');
  expect(items.map(({ index }) => index)).toEqual(out);
  for (const { error, attempts } of items)
    expect([error, attempts]).toEqual([
      { code: 'suppressed', message: 'the person is suppressed (desk)' },
      0,
    ]);
  const people = await reached();
  expect(out.filter((i) => people.has(number(i)))).toEqual([]);
  expect(people.get(number(7))).toBe(1);
});

test('a job of nobody who wants it ends at once', async () => {
  first += 1_000;
  await suppress([number(0), number(1)]);
  const { api } = served.service;
  const { id } = await api.send(bulk(2, {}, first));
  expect((await api.completed(id)).counts).toMatchObject({ suppressed: 2, accepted: 0, total: 2 });
  // The lane goes on behind it.
  const next = await api.send(bulk(3, {}, first));
  expect((await api.completed(next.id)).counts).toMatchObject({ suppressed: 2, accepted: 1 });
});

test('who opts out while the job waits gets nothing', async () => {
  const COUNT = 12;
  first += 1_000;
  const { api } = served.service;
  const { id } = await api.send(bulk(COUNT, { sender: 's2' }, first));
  await until(async () => (await api.job(id)).counts.accepted >= 2, { what: 'the job is on its way' });
  await suppress([8, 9, 10, 11].map(number));
  const job = await api.completed(id);
  expectSum(job);
  expect(job.counts).toMatchObject({ accepted: 8, suppressed: 4 });
  const people = await reached();
  expect([8, 9, 10, 11].filter((i) => people.has(number(i)))).toEqual([]);
});
