// A receiver at its worst beside one that works: it fails, asks for patience, drips, has its secret rotated, and says that it is gone. Nothing is lost,
// every post is signed so that the public library verifies it, and the other receiver does not notice.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bulk } from '../support/client.ts';
import { openSink, type Sink, type SinkAnswer } from '../support/sink.ts';
import { type ApiProgram, openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

/** Three events each. */
const RECIPIENTS = 350;
const EVENTS_MIN = 1_000;
const SECRET = `whsec_${Buffer.from('thirty-two bytes of no importance').toString('base64')}`;
const EVENTS = { events: ['message.*', 'job.*', 'webhook.*'], secret: SECRET, allow_private: true };

interface WebhookAnswer {
  id: string;
  url: string;
  enabled: boolean;
  disabled_reason: string | null;
}

let good: Sink;
let bad: Sink;
/** Where redirects point to. */
let canary: Sink;
let stage: Stage;
let service: ApiProgram;
beforeAll(async () => {
  good = await openSink([SECRET]);
  bad = await openSink([SECRET]);
  canary = await openSink([]);
  stage = await openStage({
    webhooks: [
      { url: good.url, ...EVENTS },
      { url: bad.url, ...EVENTS },
    ],
    env: { WEBHOOK_RETRY: '50ms', WEBHOOK_TIMEOUT: '1s' },
  });
  service = await stage.serve(['start']);
  await stage.webhook('s1', service.url, { delay_ms: 0, batch_ms: 20, read: 1, duplicate: 0.1 });
});
afterAll(async () => {
  await stage?.close();
  await good?.close();
  await bad?.close();
  await canary?.close();
});

/** Answers so to the next calls. */
const next = (count: number, answer: SinkAnswer): Promise<unknown> => {
  let left = count;
  bad.answer = () => (left-- > 0 ? answer : undefined);
  return until(() => left <= 0, {
    what: `${count} calls are answered ${JSON.stringify(answer)}`,
    timeoutMs: 30_000,
  });
};
const idsOf = (sink: Sink): Set<string> => new Set(sink.taken().map(({ id }) => id));

test('lost: none; signatures: all valid; the other endpoint: in time', async () => {
  const began = new Date().toISOString();
  bad.answer = () => ({ status: 500 });
  const { id } = await service.api.send(bulk(RECIPIENTS));
  await service.api.completed(id);
  const read = () => good.taken('message.read').length === RECIPIENTS;
  await until(read, { what: 'one endpoint is told everything while the other fails', timeoutMs: 60_000 });
  expect(bad.taken()).toEqual([]);
  expect(good.calls.every(({ status }) => status === 204)).toBe(true);

  await next(2, { status: 429, headers: { 'retry-after': '1' } });
  await next(2, { drip: true });
  await next(2, { status: 302, headers: { location: canary.url } });
  await next(2, { status: 307, headers: { location: canary.url } });
  const { data } = await service.api.get<{ data: WebhookAnswer[] }>('/v1/webhooks');
  const endpoint = data.find(({ url }) => url === bad.url)?.id ?? '';
  const rotated = await service.api.postTo(`/v1/webhooks/${endpoint}/rotate`, { overlap: '1h' });
  bad.secrets.push(String(rotated.body.secret));

  await next(1, { status: 410 });
  const view = () => service.api.get<WebhookAnswer>(`/v1/webhooks/${endpoint}`);
  const disabled = async () => (await view()).disabled_reason === 'gone';
  await until(disabled, { what: 'the endpoint is disabled' });
  await until(() => good.taken('webhook.disabled').length === 1, { what: 'the other endpoint is told' });
  const again = await service.api.send(bulk(5, {}, 8_000_000));
  await until(() => good.taken('message.read').length === RECIPIENTS + 5, { what: 'the next job is told' });
  await service.api.completed(again.id);

  await service.api.patch(`/v1/webhooks/${endpoint}`, { enabled: true });
  const waited = () => bad.taken('message.read').length >= RECIPIENTS;
  await until(waited, { what: 'what has waited comes', timeoutMs: 30_000 });
  const replayed = await service.api.postTo(`/v1/webhooks/${endpoint}/replay`, { from: began });
  expect(replayed.status).toBe(202);
  const all = idsOf(good);
  const whole = () => [...all].every((event) => idsOf(bad).has(event));
  await until(whole, { what: 'nothing is lost', timeoutMs: 30_000 });

  expect(all.size).toBeGreaterThanOrEqual(EVENTS_MIN);
  expect(canary.connections()).toBe(0);
  expect([...good.calls, ...bad.calls].filter(({ valid }) => !valid)).toEqual([]);
  expect(bad.calls.at(-1)?.signatures).toBe(2);
  // The same post has the same id, however often it comes; and nothing has two ids.
  const names = new Map<string, string>();
  for (const event of [...good.taken(), ...bad.taken()]) {
    if (!event.type.startsWith('message.')) continue;
    const { job_id, index, status } = event.data;
    const name = `${job_id} ${index} ${status}`;
    expect(names.get(name) ?? event.id, name).toBe(event.id);
    names.set(name, event.id);
  }
  const page = await service.api.get<{ data: { status: number | null; error: string | null }[] }>(
    `/v1/webhooks/${endpoint}/deliveries?limit=1000`,
  );
  const statuses = new Set(page.data.map(({ status }) => status));
  for (const status of [204, 302, 307, 410, 429, 500]) expect(statuses).toContain(status);
  expect(page.data.some(({ error }) => error === 'timeout')).toBe(true);
}, 150_000);
