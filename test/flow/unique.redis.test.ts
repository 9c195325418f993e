// `unique_within` over the whole path, counted at the platform: one campaign posted several times, one after another and at the same moment,
// over two numbers of the workspace.
import { expect, test } from 'vitest';
import { expectSum, takenPerRecipient } from '../support/both-ends.ts';
import { bulk } from '../support/client.ts';
import { servedStage } from '../support/stage.ts';

const served = servedStage({
  senders: [
    { id: 's1', throughput: 400 },
    { id: 's2', throughput: 400 },
  ],
});
let first = 4_000_000;
const number = (i: number): string => `+1650${first + i}`;
const reached = async () => takenPerRecipient(await served.stage.platform.arrivals());

test('the same campaign again, from another number and with others beside: only the others get it', async () => {
  const { api } = served.service;
  const once = { unique_within: '24h' };
  const one = await api.completed((await api.send(bulk(100, once, first))).id);
  expect(one.counts).toMatchObject({ accepted: 100, suppressed: 0 });
  const { id } = await api.send(bulk(150, { ...once, sender: 's2' }, first));
  const two = await api.completed(id);
  expectSum(two);
  expect(two.counts).toMatchObject({ accepted: 50, suppressed: 100 });
  const [item] = await api.items(id, 'suppressed');
  expect(item).toMatchObject({
    attempts: 0,
    error: { code: 'recent', message: 'the person got this template within 1d' },
  });
  // Another template is another campaign, and who does not ask is not asked.
  const template = { name: 'offer', language: 'en_US' };
  const other = await api.completed((await api.send(bulk(5, { ...once, template }, first))).id);
  expect(other.counts).toMatchObject({ accepted: 5 });
});

test('posted six times at the same moment over two numbers: everybody gets it once', async () => {
  const COUNT = 400;
  first += 10_000;
  const { api } = served.service;
  const bodies = Array.from({ length: 6 }, (_, i) =>
    bulk(COUNT, { unique_within: '1h', sender: i % 2 === 0 ? 's1' : 's2' }, first),
  );
  const sent = await Promise.all(bodies.map((body) => api.send(body)));
  const jobs = await Promise.all(sent.map(({ id }) => api.completed(id, 60_000)));
  for (const job of jobs) expectSum(job);
  const sum = (name: 'accepted' | 'suppressed') => jobs.reduce((all, { counts }) => all + counts[name], 0);
  expect([sum('accepted'), sum('suppressed')]).toEqual([COUNT, 5 * COUNT]);
  const people = await reached();
  for (let i = 0; i < COUNT; i++) expect(people.get(number(i))).toBe(1);
});

test('whom a refused message did not reach others may write to, and a retry reaches its own', async () => {
  first += 10_000;
  const { api } = served.service;
  const { platform } = served.stage;
  await platform.fault({ kind: 'error', code: 131026, count: 1 });
  const lost = await api.completed((await api.send(bulk(1, { unique_within: '24h' }, first))).id);
  expect(lost.counts).toMatchObject({ failed: 1 });
  await platform.fault({ kind: 'throttle', count: 2 });
  const next = await api.completed((await api.send(bulk(1, { unique_within: '24h' }, first))).id);
  expect(next.counts).toMatchObject({ accepted: 1 });
  const last = await api.completed((await api.send(bulk(1, { unique_within: '24h' }, first))).id);
  expect(last.counts).toMatchObject({ suppressed: 1 });
});
