// What becomes of a job, told to a customer's endpoint: every move once, signed, in batches, under ids that a receiver can count by.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bulk } from '../support/client.ts';
import { openSink, type Sink } from '../support/sink.ts';
import { type ApiProgram, numberOf, openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes or so').toString('base64')}`;
const RECIPIENTS = 300;

let sink: Sink;
let picky: Sink;
let canary: Sink;
let stage: Stage;
let service: ApiProgram;
beforeAll(async () => {
  sink = await openSink([SECRET]);
  picky = await openSink([SECRET]);
  canary = await openSink([SECRET]);
  const shared = { secret: SECRET, allow_private: true };
  stage = await openStage({
    webhooks: [
      { url: sink.url, events: ['*'], ...shared },
      { url: picky.url, events: ['job.completed', 'message.failed'], ...shared },
      // What does not say that it may be private is not called there.
      { url: canary.url.replace('http:', 'https:'), events: ['job.*'], secret: SECRET },
      { url: canary.url, events: ['job.*'], secret: SECRET },
    ],
    env: { WEBHOOK_RETRY: '100ms' },
  });
  service = await stage.serve(['start']);
  await stage.webhook('s1', service.url, { delay_ms: 0, batch_ms: 20, read: 1 });
});
afterAll(async () => {
  await stage?.close();
  await sink?.close();
  await picky?.close();
  await canary?.close();
});

const idsOf = (one: Sink, type: string): string[] => one.taken(type).map(({ id }) => id);

test('a job and its messages: each move is told, once, and signed', async () => {
  await stage.platform.fault({ kind: 'error', code: 131026, count: 5 });
  const { id } = await service.api.send(bulk(RECIPIENTS));
  await service.api.completed(id);
  const read = async () => (await service.api.job(id)).counts.read === RECIPIENTS - 5;
  await until(read, { what: 'all are read' });
  await until(() => idsOf(sink, 'message.read').length === RECIPIENTS - 5, { what: 'all are told as read' });
  await until(() => idsOf(picky, 'job.completed').length === 1, { what: 'the other endpoint is told' });

  expect(sink.calls.every(({ valid }) => valid)).toBe(true);
  expect(sink.calls.every(({ bytes }) => bytes <= 20_000)).toBe(true);
  expect(sink.calls.every(({ events }) => events.length <= 100)).toBe(true);
  const all = sink.taken();
  expect(new Set(all.map((event) => event.id)).size).toBe(all.length);
  const moves = all.filter(({ type }) => type.startsWith('message.'));
  // 295 accepted, delivered or skipped, read; 5 failed. Batches hold several.
  expect(sink.calls.length).toBeLessThan(moves.length / 2);
  const failed = sink.taken('message.failed');
  expect(failed).toHaveLength(5);
  const items = await service.api.items(id);
  for (const { data } of failed) {
    const item = items.find(({ index }) => index === data.index);
    expect(data).toMatchObject({
      job_id: id,
      to: item?.to,
      reference: item?.reference,
      sender: 's1',
      status: 'failed',
      attempts: 1,
      error: { code: '131026' },
    });
  }
  for (const { data } of sink.taken('message.read'))
    expect(data.provider_id).toBe(items.find(({ index }) => index === data.index)?.provider_id);
  const sequences = all.filter(({ data }) => data.job_id === id).map(({ data }) => Number(data.sequence));
  expect(new Set(sequences).size).toBe(sequences.length);
  expect(idsOf(sink, 'job.accepted')).toHaveLength(1);
  expect(sink.taken('job.completed')[0]?.data).toMatchObject({ job_id: id, status: 'completed' });

  // The one that wants less gets less, under the same ids.
  expect(idsOf(picky, 'message.failed').sort()).toEqual(failed.map((event) => event.id).sort());
  expect(picky.taken().every(({ type }) => ['job.completed', 'message.failed'].includes(type))).toBe(true);
});

test('pause, resume and cancel are told', async () => {
  const { id } = await service.api.send(bulk(3, { send_at: new Date(Date.now() + 60_000).toISOString() }));
  for (const action of ['pause', 'resume', 'cancel'])
    expect((await service.api.act(id, action)).status).toBe(200);
  const told = (type: string) => sink.taken(type).filter(({ data }) => data.job_id === id).length;
  for (const type of ['job.paused', 'job.resumed', 'job.canceled'])
    await until(() => told(type) === 1, { what: type });
});

test('what people write is told', async () => {
  await stage.platform.inbound(numberOf('s1'), '16505551234', 'Is it ready?');
  await until(() => sink.taken('message.received').length === 1, { what: 'the message is told' });
  expect(sink.taken('message.received')[0]?.data).toMatchObject({
    sender: 's1',
    from: '+16505551234',
    kind: 'text',
    text: 'Is it ready?',
  });
});

test('changes of limits and opt-outs are told, with the person as a hash', async () => {
  await service.api.patch('/v1/senders/s1', { throughput: 900 });
  await until(() => sink.taken('sender.limit_changed').length === 1, { what: 'the change is told' });
  expect(sink.taken('sender.limit_changed')[0]?.data).toEqual({
    sender: 's1',
    portfolio: null,
    source: 'api',
    changes: { throughput: 900 },
  });
  const added = await service.api.postTo('/v1/suppressions', { to: '+16505559876', reason: 'asked' });
  const { data } = added.body as { data: { id: string }[] };
  await until(() => sink.taken('suppression.created').length === 1, { what: 'the opt-out is told' });
  expect(sink.taken('suppression.created')[0]?.data).toMatchObject({ id: data[0]?.id, reason: 'asked' });
  await stage.platform.inbound(numberOf('s1'), '16505559877', 'STOP');
  await until(() => sink.taken('suppression.created').length === 2, { what: 'the stop word is told' });
  // A workspace's first opt-out binds within half a second.
  const suppressed = async () => {
    const { id } = await service.api.send(
      bulk(1, { messages: [{ to: '+16505559876', variables: ['a', 'b'] }] }),
    );
    return (await service.api.completed(id)).counts.suppressed === 1 ? id : undefined;
  };
  const id = await until(suppressed, { what: 'the opt-out binds' });
  const told = () => sink.taken('message.suppressed').some((event) => event.data.job_id === id);
  await until(told, { what: 'the message is told as suppressed' });
});

test('an endpoint on this machine is not called unless the accounts file says so', async () => {
  const { data } = await service.api.get<{ data: { id: string; url: string }[] }>('/v1/webhooks');
  const own = data.filter(({ url }) => new URL(url).port === new URL(canary.url).port);
  expect(own).toHaveLength(2);
  for (const { id } of own) {
    const tried = async () => {
      const page = await service.api.get<{ data: { error: string }[] }>(`/v1/webhooks/${id}/deliveries`);
      return page.data[0];
    };
    expect(await until(tried, { what: 'it was tried' })).toMatchObject({
      status: null,
      error: 'address_not_allowed',
    });
  }
  expect(canary.connections()).toBe(0);
});

test('what the platform makes wait is told, once', async () => {
  await stage.platform.fault({ kind: 'error', code: 132015, count: 2 });
  const template = { name: 'offer', language: 'en_US' };
  await service.api.send(bulk(2, { template }, 8_200_000));
  await until(() => sink.taken('sender.limited').length > 0, { what: 'the pause is told' });
  const told = sink.taken('sender.limited');
  expect(told).toHaveLength(1);
  expect(told[0]?.data).toMatchObject({ sender: 's1', scope: 'template', template, code: '132015' });
  expect(Date.parse(String(told[0]?.data.until))).toBeGreaterThan(Date.now());
});
