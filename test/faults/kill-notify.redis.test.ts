// Whoever tells and whoever is told about is killed with -9 again and again: every message that the platform took is told, each move under one id.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bulk } from '../support/client.ts';
import { openSink, type Sink } from '../support/sink.ts';
import { type ApiProgram, openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const RECIPIENTS = 600;
const KILLS = 6;
const SECRET = `whsec_${Buffer.from('twenty-four bytes of it').toString('base64')}`;

let sink: Sink;
let stage: Stage;
let service: ApiProgram;
beforeAll(async () => {
  sink = await openSink([SECRET]);
  stage = await openStage({
    senders: [{ id: 's1', throughput: 200 }],
    webhooks: [{ url: sink.url, events: ['message.*', 'job.*'], secret: SECRET, allow_private: true }],
    env: { WEBHOOK_RETRY: '100ms' },
  });
  service = await stage.serve(['api']);
  await stage.start(['worker', 'intake', 'upkeep', 'receipts']);
});
afterAll(async () => {
  await stage?.close();
  await sink?.close();
});

test(`${KILLS} kills among ${RECIPIENTS} messages: each is told, under one id`, async () => {
  const { api } = service;
  const living = {
    notify: await stage.start(['worker', 'notify']),
    dispatch: await stage.start(['worker', 'dispatch']),
  };
  const { id } = await api.send(bulk(RECIPIENTS));
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const share = (RECIPIENTS * kill) / (KILLS + 1);
    await until(async () => (await api.job(id)).counts.accepted >= share, {
      what: `${share} are accepted`,
      timeoutMs: 30_000,
    });
    const name = kill === KILLS / 2 ? 'dispatch' : 'notify';
    await living[name].end();
    living[name] = await stage.start(['worker', name]);
  }
  const job = await api.completed(id, 60_000);
  const told = (type: string) => new Set(sink.taken(type).map(({ data }) => data.index)).size;
  // What a killed process held is taken over after 10 s.
  const all = () =>
    told('message.accepted') === job.counts.accepted && told('message.unknown') === job.counts.unknown;
  await until(all, { what: 'everything is told', timeoutMs: 40_000 });
  await until(() => sink.taken('job.completed').length > 0, { what: 'the end is told', timeoutMs: 20_000 });

  const ids = new Map<string, Set<string>>();
  for (const { id: event, type, data } of sink.taken()) {
    const name = `${type} ${data.index ?? ''}`;
    ids.set(name, (ids.get(name) ?? new Set()).add(event));
  }
  expect([...ids].filter(([, some]) => some.size !== 1)).toEqual([]);
  expect(sink.calls.every(({ valid }) => valid)).toBe(true);
  const taken = (await stage.platform.arrivals()).filter((arrival) => arrival.taken);
  expect(told('message.accepted') + told('message.unknown')).toBeGreaterThanOrEqual(taken.length);
}, 120_000);
