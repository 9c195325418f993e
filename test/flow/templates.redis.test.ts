// Templates and media over the whole path: submitted as jobs, once each, within the limits of their account; and what the platform says later.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { API_KEY, type HoldView, type JobView } from '../support/client.ts';
import { numberOf, servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const PER_HOUR = 100;
const served = servedStage({
  senders: [
    { id: 's1', throughput: 200, account: 'waba-1' },
    { id: 's2', throughput: 200, account: 'waba-2' },
  ],
});

interface TemplateView {
  id: string | null;
  name: string;
  status: string;
  variables: string[];
}

const template = (name: string, over: Record<string, unknown> = {}) => ({
  sender: 's1',
  name,
  language: 'en_US',
  category: 'utility',
  components: [{ type: 'BODY', text: 'Hello {{1}}, order {{2}}.' }],
  ...over,
});

async function submit(body: object, key: string = randomUUID()): Promise<JobView & { replayed: boolean }> {
  const answer = await fetch(`${served.service.url}/v1/templates`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${API_KEY}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    },
    body: JSON.stringify(body),
  });
  const { job } = (await answer.json()) as { job: JobView };
  expect(answer.status).toBe(202);
  return { ...job, replayed: answer.headers.get('idempotency-replayed') === 'true' };
}
async function ended(body: object) {
  const { id } = await submit(body);
  await served.service.api.completed(id);
  return (await served.service.api.items(id))[0];
}
const list = async (query: string) =>
  (await served.service.api.get<{ data: TemplateView[] }>(`/v1/templates?${query}`)).data;
const book = async (account: string) => (await served.stage.platform.ledger()).accounts[account];

test('a template is submitted once, listed with its id and status, and follows what the platform says', async () => {
  const key = randomUUID();
  const first = await submit(template('order_ready'), key);
  expect(first).toMatchObject({ kind: 'templates', counts: { total: 1 }, replayed: false });
  await served.service.api.completed(first.id);
  expect(await submit(template('order_ready'), key)).toMatchObject({ id: first.id, replayed: true });
  const [item] = await served.service.api.items(first.id);
  expect(item).toMatchObject({
    status: 'accepted',
    provider_id: expect.stringMatching(/^\d+$/),
    error: null,
  });
  const known = { id: item?.provider_id, name: 'order_ready', variables: ['1', '2'] };
  expect(await list('sender=s1')).toEqual([expect.objectContaining({ ...known, status: 'PENDING' })]);
  expect(await list('sender=s2')).toEqual([]);

  await served.stage.webhook('s1', served.service.url);
  // Whose account it is is learned from a message of a person.
  await served.stage.platform.inbound(numberOf('s1'), '16505551234');
  const names = { message_template_name: 'order_ready', message_template_language: 'en_US' };
  for (const event of ['APPROVED', 'PAUSED'])
    await until(
      async () => {
        await served.stage.platform.change(numberOf('s1'), 'message_template_status_update', {
          event,
          ...names,
        });
        return (await list('sender=s1&name=order_ready'))[0]?.status === event;
      },
      { what: event },
    );
  expect((await served.service.api.act(first.id, 'retry')).status).toBe(409);
});

test('the same text again has the same id; another text under the name is refused, in the words of the platform', async () => {
  const [known] = await list('sender=s1&name=order_ready');
  expect(await ended(template('order_ready'))).toMatchObject({ status: 'accepted', provider_id: known?.id });
  const other = template('order_ready', { components: [{ type: 'BODY', text: 'Something else.' }] });
  expect(await ended(other)).toMatchObject({ status: 'failed', provider_id: null, error: { code: '100' } });
});

test('an answer that was lost, and a refusal for now: the template is made once', async () => {
  await served.stage.platform.fault({ kind: 'drop_after', number: 'waba-1', count: 1 });
  const { id } = await submit(template('lost_answer'));
  await until(async () => (await book('waba-1'))?.templates === 2, { what: 'the platform has it' });
  await served.service.api.completed(id);
  const [item] = await served.service.api.items(id);
  expect(item).toMatchObject({ status: 'accepted' });
  expect(await list('sender=s1&name=lost_answer')).toEqual([
    expect.objectContaining({ id: item?.provider_id }),
  ]);
  expect(await book('waba-1')).toMatchObject({ templates: 2, violations: 0 });
});

test('never more than the hour of an account allows: the rest is held, and says until when', async () => {
  const jobs: JobView[] = [];
  for (let i = 0; i < PER_HOUR + 3; i += 1) jobs.push(await submit(template(`offer_${i}`, { sender: 's2' })));
  await until(async () => (await book('waba-2'))?.templates === PER_HOUR, { what: 'a hundred are made' });
  const held = await until(
    async () => {
      const now = await Promise.all(jobs.map(({ id }) => served.service.api.job(id)));
      const waiting = now.filter(({ hold }) => hold !== null);
      return waiting.length === 3 ? waiting : undefined;
    },
    { what: 'three wait' },
  );
  // The oldest go first.
  expect(held.map(({ id }) => id).sort()).toEqual(
    jobs
      .slice(-3)
      .map(({ id }) => id)
      .sort(),
  );
  const hold = held[0]?.hold as HoldView;
  expect(hold).toMatchObject({ limit: 'meta.templates', scope: 'waba-2' });
  const aheadMs = Date.parse(hold.until ?? '') - Date.now();
  expect(aheadMs).toBeGreaterThan(3_500_000);
  expect(aheadMs).toBeLessThan(3_640_000);
  expect((await served.service.api.items(held[0]?.id ?? ''))[0]?.hold).toMatchObject({ scope: 'waba-2' });
  expect((await served.service.api.act(held[0]?.id ?? '', 'cancel')).status).toBe(200);
  const canceled = async () => (await served.service.api.job(held[0]?.id ?? '')).status === 'canceled';
  await until(canceled, { what: 'one is canceled' });
  expect(await book('waba-2')).toMatchObject({
    templates_submitted: PER_HOUR,
    highest_templates_per_hour: PER_HOUR,
    violations: 0,
  });
});

const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), randomBytes(300_000)]);

async function upload(sender: string, key: string = randomUUID()): Promise<JobView & { replayed: boolean }> {
  const body = new FormData();
  body.append('sender', sender);
  body.append('file', new Blob([PNG], { type: 'image/png' }), 'ready.png');
  const headers = { authorization: `Bearer ${API_KEY}`, 'idempotency-key': key };
  const answer = await fetch(`${served.service.url}/v1/media`, { method: 'POST', headers, body });
  const { job } = (await answer.json()) as { job: JobView };
  expect(answer.status).toBe(202);
  return { ...job, replayed: answer.headers.get('idempotency-replayed') === 'true' };
}
const files = () => readdir(served.stage.env.MEDIA_FOLDER ?? '');

test('a file reaches the platform as it was, its id is at its item, and nothing is left on disk', async () => {
  const key = randomUUID();
  const first = await upload('s1', key);
  expect(first).toMatchObject({ kind: 'media', replayed: false });
  await served.service.api.completed(first.id);
  expect(await upload('s1', key)).toMatchObject({ id: first.id, replayed: true });
  const [item] = await served.service.api.items(first.id);
  expect(item).toMatchObject({ status: 'accepted', error: null });
  const told = await fetch(`${served.stage.platform.url}/v23.0/${item?.provider_id}`);
  expect(await told.json()).toMatchObject({
    mime_type: 'image/png',
    file_size: PNG.length,
    sha256: createHash('sha256').update(PNG).digest('hex'),
  });
  await until(async () => (await files()).length === 0, { what: 'the file is taken away' });
});

test('a refused file has the error of the platform; a refusal for now is tried again', async () => {
  await served.stage.platform.fault({ kind: 'error', code: 131053, number: numberOf('s2'), count: 1 });
  const refused = await upload('s2');
  await served.service.api.completed(refused.id);
  const [item] = await served.service.api.items(refused.id);
  expect(item).toMatchObject({ status: 'failed', provider_id: null, error: { code: '131053' } });
  expect(await book(numberOf('s2'))).toMatchObject({ media_uploaded: 1, media: 0, violations: 0 });
  await until(async () => (await files()).length === 0, { what: 'the file is taken away' });
});
