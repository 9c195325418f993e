// Contacts over the whole path: a job comes in, stands in the store, is listed, changed and forgotten; what it knows of a person's clock counts.
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createRedis } from '../../src/base/redis.ts';
import { API_KEY, bulk, type JobView } from '../support/client.ts';
import { bytesHold } from '../support/job-bytes.ts';
import { redisUrl } from '../support/services.ts';
import { openSink } from '../support/sink.ts';
import { servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const sink = await openSink([]);
const served = servedStage({
  senders: [{ id: 's1', throughput: 200 }],
  webhooks: [
    { url: sink.url, events: ['contact.*', 'job.completed'], secret: 'whsec_c2luaw==', allow_private: true },
  ],
});
const redis = createRedis(redisUrl(), systemClock);
afterAll(() => Promise.all([redis.close(), sink.close()]));

/** More than a small job has, to upkeep. */
const MANY = 2_600;

interface ContactView {
  id: string;
  number: string | null;
  external_id: string | null;
  name: string | null;
  time_zone: string | null;
  tags: string[];
  attributes: Record<string, unknown>;
  created_at: string;
  updated_at: string;
}
interface List {
  data: ContactView[];
  has_more: boolean;
  next_cursor: string | null;
}
interface Posted {
  job: JobView & { kind: string };
  rejected: { index: number; code: string; message: string }[];
  duplicates: { index: number; of: number }[];
  error?: { code: string; details?: { path: string }[] };
}

const headers = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' };
async function post(
  body: object,
  key?: string,
): Promise<{ status: number; replayed: boolean; body: Posted }> {
  const answer = await fetch(`${served.service.url}/v1/contacts/bulk`, {
    method: 'POST',
    headers: { ...headers, ...(key && { 'idempotency-key': key }) },
    body: JSON.stringify({ sender: 's1', ...body }),
  });
  const replayed = answer.headers.get('idempotency-replayed') === 'true';
  return { status: answer.status, replayed, body: (await answer.json()) as Posted };
}
async function put(contacts: object[]): Promise<Posted> {
  const { status, body } = await post({ contacts });
  expect(status).toBe(202);
  await served.service.api.completed(body.job.id);
  return body;
}
const list = (query = '') => served.service.api.get<List>(`/v1/contacts${query}`);

test('a job of contacts: counted per row, listed by tag and time, in pages', async () => {
  const { api } = served.service;
  const contacts: object[] = Array.from({ length: 600 }, (_, i) => ({
    number: `+1650${4_000_000 + i}`,
    external_id: `crm-${i}`,
    name: `Name ${i}`,
    tags: i % 3 === 0 ? ['third', 'all'] : ['all'],
  }));
  contacts.push({ number: 'nobody' }, { name: 'no way to know' }, { external_id: 'crm-7' });
  const { job, rejected, duplicates } = await put(contacts);
  expect(job).toMatchObject({ kind: 'contacts', counts: { total: 600 } });
  expect(rejected.map(({ index, code }) => [index, code])).toEqual([
    [600, 'invalid_recipient'],
    [601, 'invalid_contact'],
  ]);
  expect(duplicates).toEqual([{ index: 602, of: 7 }]);
  expect((await api.job(job.id)).counts).toMatchObject({ accepted: 600, queued: 0 });
  const items = await api.items(job.id);
  expect(items[599]).toMatchObject({ status: 'accepted', reference: 'crm-599' });

  const told = () => sink.taken('contact.upserted').filter(({ data }) => data.job_id === job.id);
  const named = () =>
    told().flatMap(({ data }) => data.contacts as { index: number; id: string; external_id: string }[]);
  await until(() => named().length >= 600, { what: 'customers are told of every contact' });
  expect(new Set(named().map(({ index }) => index)).size).toBe(600);
  expect(named().find(({ index }) => index === 599)).toEqual({
    index: 599,
    id: items[599]?.provider_id,
    external_id: 'crm-599',
  });
  expect(told()[0]?.data).toMatchObject({ counts: { total: 600 }, rejected_count: 2, duplicate_count: 1 });
  const completed = () => sink.taken('job.completed').some(({ data }) => data.job_id === job.id);
  await until(completed, { what: 'they are told that the job is complete' });

  const seen: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: List = await list(`?tag=third&limit=90${cursor ? `&cursor=${cursor}` : ''}`);
    seen.push(...page.data.map(({ external_id }) => external_id ?? ''));
    cursor = page.next_cursor;
  }
  expect(new Set(seen).size).toBe(200);
  expect(seen.every((id) => Number(id.slice(4)) % 3 === 0)).toBe(true);
  const one = await api.get<ContactView>(`/v1/contacts/${items[599]?.provider_id}`);
  expect(one).toMatchObject({ number: '+16504000599', external_id: 'crm-599', name: 'Name 599' });
  expect((await list(`?updated_after=${one.updated_at}`)).data).toEqual([]);
});

test('known again by external id or number; what is not given stays, null goes', async () => {
  await put([
    { number: '+16505550001', external_id: 'a', name: 'Ana', attributes: { x: 1, y: 'b' }, tags: ['t'] },
  ]);
  await put([{ number: '+1 650 555 0001', time_zone: 'Europe/Berlin', attributes: { x: null, z: true } }]);
  const [ana] = (await list('?tag=t')).data;
  expect(ana).toMatchObject({
    external_id: 'a',
    name: 'Ana',
    time_zone: 'Europe/Berlin',
    attributes: { y: 'b', z: true },
  });
  // Another number for the same external id: the one who had it before has it no more.
  await put([{ number: '+16505550002', external_id: 'b', name: 'Ben' }]);
  await put([{ number: '+16505550002', external_id: 'a', name: null, tags: [] }]);
  expect((await list('?tag=t')).data).toEqual([]);
  const after = await served.service.api.get<ContactView>(`/v1/contacts/${ana?.id}`);
  expect(after).toMatchObject({ number: '+16505550002', name: null, tags: [], created_at: ana?.created_at });
  const ben = (await list()).data.find(({ external_id }) => external_id === 'b');
  expect(ben).toMatchObject({ name: 'Ben', number: null });
});

test('idempotent, strict on request, refused with a reason', async () => {
  const body = { contacts: [{ number: '+16505550010' }] };
  const [first, again] = [await post(body, 'contacts-1'), await post(body, 'contacts-1')];
  expect([first.status, again.status, again.replayed]).toEqual([202, 202, true]);
  expect(again.body.job.id).toBe(first.body.job.id);
  expect((await post({ contacts: [{ number: '+16505550011' }] }, 'contacts-1')).status).toBe(422);
  const strict = await post({ contacts: [{ number: '+16505550012' }, {}], validation: 'strict' });
  expect(strict).toMatchObject({ status: 400, body: { error: { code: 'invalid_request' } } });
  expect(strict.body.error?.details?.[0]?.path).toBe('contacts[1].number');
  expect((await post({ contacts: [{ number: 'x' }] })).status).toBe(422);
  expect((await post({ contacts: [{ number: '+16505550012' }], sender: 'none' })).status).toBe(422);
  for (const wrong of [
    { contacts: [] },
    {},
    { contacts: [{ number: '+16505550012' }], category: 'marketing' },
  ])
    expect((await post(wrong)).status).toBe(400);
  for (const contact of [{ email: 'x' }, { time_zone: 'Moon/Sea' }, { tags: [''] }, { colour: 'blue' }])
    expect((await post({ contacts: [{ number: '+16505550012', ...contact }] })).status).toBe(422);
});

test('forgotten at once; the suppression stays', async () => {
  const { api, url } = served.service;
  const number = '+16505550020';
  await put([{ number, tags: ['gone'] }]);
  const [contact] = (await list('?tag=gone')).data;
  await fetch(`${url}/v1/suppressions`, { method: 'POST', headers, body: JSON.stringify({ to: number }) });
  const forget = () =>
    fetch(`${url}/v1/contacts/${contact?.id}`, {
      method: 'DELETE',
      headers: { authorization: headers.authorization },
    });
  expect((await forget()).status).toBe(204);
  expect((await forget()).status).toBe(404);
  expect((await fetch(`${url}/v1/contacts/${contact?.id}`, { headers })).status).toBe(404);
  expect((await list('?tag=gone')).data).toEqual([]);
  await until(
    async () => {
      const { id } = await api.send(bulk(0, { messages: [{ to: number, variables: ['a', 'b'] }] }));
      return (await api.completed(id)).counts.suppressed === 1;
    },
    { what: 'they are suppressed' },
  );
});

test('forgotten in jobs: shown no more at once, gone soon after, and what waits is not sent', async () => {
  const { api, url } = served.service;
  const [gone, stays] = ['+16505550030', '+16505550031'];
  const messages = [gone, stays].map((to) => ({ to, variables: ['Ana', to], reference: `ref ${to}` }));
  const contacts = [{ number: gone, external_id: 'crm-gone', tags: ['erased'] }, { number: stays }];
  const told = await put(contacts);
  const done = await api.send(bulk(0, { messages }));
  await api.completed(done.id);
  // Of several chunks, so that it is looked through in steps; the two are the last.
  const send_at = new Date(Date.now() + 3_600_000).toISOString();
  const many = Array.from({ length: MANY }, (_, i) => ({
    to: `+1650556${1_000 + i}`,
    variables: ['a', 'b'],
  }));
  const waits = await api.send(bulk(0, { messages: [...many, ...messages], send_at }));
  // One that is still coming in.
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const write = (text: string) => writer.write(new TextEncoder().encode(text));
  const fields = new URLSearchParams({
    sender: 's1',
    'text.body': 'Hi',
    send_at,
    metadata: '{"of":"upload"}',
  });
  const uploading = fetch(`${url}/v1/jobs?${fields}`, {
    method: 'POST',
    body: readable,
    duplex: 'half',
    headers: { authorization: headers.authorization, 'content-type': 'text/csv' },
  } as RequestInit);
  await write(`to\n${gone}\n`);
  const uploads = async () =>
    (await api.get<{ data: (JobView & { metadata: { of?: string } })[] }>('/v1/jobs')).data.find(
      ({ metadata }) => metadata.of === 'upload',
    );
  const upload = await until(uploads, { what: 'the upload has begun' });
  await until(async () => (await api.job(waits.id)).status === 'scheduled', { what: 'it waits' });
  const [contact] = (await list('?tag=erased')).data;
  const auth = { authorization: headers.authorization };
  expect((await fetch(`${url}/v1/contacts/${contact?.id}`, { method: 'DELETE', headers: auth })).status).toBe(
    204,
  );

  const nobody = { to: '', reference: null, provider_id: null };
  for (const { id } of [done, waits, told.job]) {
    const [first, second] = (await api.items(id)).slice(-2);
    expect(first).toMatchObject(nobody);
    expect(second?.to).toBe(stays);
    const file = await fetch(`${url}/v1/jobs/${id}/items`, { headers: { ...auth, accept: 'text/csv' } });
    const text = await file.text();
    expect([text.includes(gone), text.includes(stays)]).toEqual([false, true]);
  }
  await until(async () => (await api.job(waits.id)).counts.suppressed === 1, {
    what: 'what waited has ended',
  });
  const [ended, waiting] = (await api.items(waits.id)).slice(-2);
  expect(ended).toMatchObject({
    status: 'suppressed',
    error: { code: 'suppressed', message: 'the person was forgotten' },
  });
  expect(waiting?.status).toBe('queued');
  expect((await api.items(done.id)).map(({ status }) => status)).toEqual(['accepted', 'accepted']);

  await write(`${stays}\n`);
  await writer.close();
  expect((await uploading).status).toBe(202);
  await until(async () => (await api.job(upload.id)).counts.suppressed === 1, { what: 'also of the upload' });
  expect((await api.items(upload.id)).map(({ to }) => to)).toEqual(['', stays]);

  const jobs = [done.id, waits.id, told.job.id, upload.id];
  await until(async () => (await keysWith(gone, jobs)).length === 0, { what: 'the bytes are gone' });
  // Rows of four jobs, and the id of one message.
  expect(await keysWith(stays, jobs)).toHaveLength(5);
  // Who comes back is written to again.
  const back = await api.send(bulk(0, { messages: messages.slice(0, 1), send_at }));
  await until(async () => (await api.job(back.id)).status === 'scheduled', { what: 'it waits' });
  expect((await api.items(back.id))[0]).toMatchObject({ to: gone, status: 'queued' });
  for (const { id } of [waits, upload, back]) expect((await api.act(id, 'cancel')).status).toBe(200);
});

/** Those of the job's keys that hold the number. */
async function keysWith(number: string, jobs: string[]): Promise<string[]> {
  const { client } = redis;
  const names = await client.keys(`${served.stage.namespace}:*job_*`);
  const held = await Promise.all(
    names
      .filter((name) => jobs.some((job) => name.includes(`:${job}:`)))
      .map(async (name) => {
        const bytes = (await client.type(name)) === 'string' ? await client.getBuffer(name) : null;
        return bytesHold(bytes, number) ? [name] : [];
      }),
  );
  return held.flat();
}

test('an audience: everybody with a tag gets a message of their own; who has opted out is counted', async () => {
  const { api, url } = served.service;
  const person = (i: number) => ({ number: `+1650555004${i}`, external_id: `aud-${i}`, tags: ['aud'] });
  await put([{ ...person(0), name: 'Ana' }, person(1), { ...person(2), tags: ['aud', 'out'] }]);
  await fetch(`${url}/v1/suppressions`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ to: person(2).number }),
  });
  const { messages: _, ...rest } = bulk(1);
  const body = { ...rest, audience: { tags: ['aud'], variables: ['{{name|friend}}', '{{external_id}}'] } };
  const key = 'audience-1';
  const job = await api.completed((await api.send(body, key)).id);
  expect(job.counts).toMatchObject({ total: 3, accepted: 2, suppressed: 1 });
  const items = await api.items(job.id);
  expect(items.map(({ to, reference }) => `${to} ${reference}`).sort()).toEqual(
    [0, 1, 2].map((i) => `${person(i).number} aud-${i}`),
  );
  const again = await api.post(body, key);
  expect([again.status, again.body.job?.id]).toEqual([202, job.id]);
});

test('quiet hours follow the clock that a contact has told', async () => {
  const { api } = served.service;
  // A number of nowhere is held; a contact says where its person is.
  const nowhere = '+881612345678';
  const minuteOf = (hours: number): string =>
    new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16);
  const quiet_hours = { from: minuteOf(2), to: minuteOf(3), time_zone: 'recipient' };
  await put([{ number: nowhere, time_zone: 'Etc/UTC' }]);
  const messages = [nowhere, '+881612345679'].map((to) => ({ to, variables: ['a', 'b'] }));
  const { id } = await api.send(bulk(0, { messages, quiet_hours }));
  await until(async () => (await api.job(id)).counts.accepted === 1, { what: 'one has gone' });
  expect((await api.items(id)).map(({ status }) => status)).toEqual(['accepted', 'queued']);
});
