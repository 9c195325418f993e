// POST /v1/jobs: what comes in as a stream, line by line, and what a client may rely on when it breaks off.
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createUploads, UPLOAD_SILENCE_MS } from '../../src/ledger/uploads.ts';
import { SECRETS } from '../accounts/sample.ts';
import { redisUrl } from '../support/services.ts';
import { until } from '../support/until.ts';
import { errorOf, type Harness, startHarness } from './harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await startHarness({ redisUrl: redisUrl() });
});
afterAll(() => h.stop());

const fields = (key: string) => ({
  sender: 's1',
  'text.body': 'Your order is ready.',
  metadata: JSON.stringify({ key }),
});

interface Accepted {
  job: {
    id: string;
    status: string;
    counts: { total: number };
    rejected_count: number;
    metadata: { key?: string };
    duplicate_count: number;
  };
  rejected: { index: number; line: number; code: string }[];
  duplicates: { index: number; of: number }[];
}

const upload = (
  body: NonNullable<RequestInit['body']>,
  { query = {}, key = randomUUID(), headers = {} }: Options = {},
): Promise<Response> =>
  h.call(`/v1/jobs?${new URLSearchParams({ ...fields(key), ...query })}`, {
    method: 'POST',
    body,
    duplex: 'half',
    headers: { 'content-type': 'text/csv', 'idempotency-key': key, ...headers },
  } as RequestInit);

interface Options {
  query?: Record<string, string>;
  key?: string;
  headers?: Record<string, string>;
}

async function accepted(answer: Response): Promise<Accepted> {
  if (answer.status !== 202) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Accepted;
}

const csvOf = (count: number, first = 0): string =>
  Array.from({ length: count }, (_, i) => `+1650${2_000_000 + first + i},row-${first + i}\n`).join('');

test('a CSV becomes a job; what is wrong is told with its line', async () => {
  const body = `to,reference\n+16505551000,a\nnobody,b\n+16505551000,c\n\n+1650"5,d\n+16505551001,"e\ne"\n+16505551002\n`;
  const { job, rejected, duplicates } = await accepted(await upload(body));
  expect(job).toMatchObject({ counts: { total: 2 }, rejected_count: 3, duplicate_count: 1 });
  expect(rejected.map(({ index, line, code }) => [index, line, code])).toEqual([
    [1, 3, 'invalid_recipient'],
    [3, 6, 'invalid_line'],
    [5, 9, 'invalid_line'],
  ]);
  expect(duplicates).toEqual([{ index: 2, of: 0 }]);
  const found = await h.call(`/v1/jobs/${job.id}`);
  expect(await found.json()).toMatchObject({ id: job.id, counts: { total: 2 }, rejected_count: 3 });
});

test('columns are mapped, and NDJSON brings whole messages', async () => {
  const query = { 'columns.to': 'Phone', 'columns.variables': 'b,a', 'columns.reference': 'id' };
  const csv = await upload('id,Phone,a,b,c\nx,+16505551000,1,2,3\n', { query });
  expect((await accepted(csv)).job.counts.total).toBe(1);
  const missing = await errorOf(await upload('id,Phone\n', { query: { 'columns.to': 'Number' } }));
  expect(missing).toMatchObject({ status: 400, details: [{ path: 'lines[1]', code: 'invalid_header' }] });
  const lines = '{"to":"+16505551000"}\n\n{"to":"+16505551001","text":{"body":"Own"}}\n{"to":1}\n{]\n';
  const answer = await accepted(await upload(lines, { headers: { 'content-type': 'application/x-ndjson' } }));
  expect(answer.job.counts.total).toBe(2);
  expect(answer.rejected.map(({ line, code }) => [line, code])).toEqual([
    [4, 'invalid_recipient'],
    [5, 'invalid_line'],
  ]);
});

test('strict: one bad line and nothing is sent; the key may be used again with what is mended', async () => {
  const key = randomUUID();
  const query = { validation: 'strict' };
  const bad = `to,reference\n${csvOf(1_200)}nobody,x\n${csvOf(10, 5_000)}`;
  const error = await errorOf(await upload(bad, { query, key }));
  expect(error).toMatchObject({ status: 400, details: [{ path: 'lines[1202]', code: 'invalid_recipient' }] });
  const { data } = (await (await h.call('/v1/jobs?limit=1')).json()) as { data: { status: string }[] };
  expect(data[0]?.status).toBe('incomplete');
  const mended = await accepted(await upload(`to,reference\n${csvOf(1_200)}`, { query, key }));
  expect(mended.job.counts.total).toBe(1_200);
});

test('all bad, empty, no header, not UTF-8, too deep a query: refused', async () => {
  expect(await errorOf(await upload('to\nx\ny\n'))).toMatchObject({ status: 422, code: 'unprocessable' });
  expect(await errorOf(await upload('to\n'))).toMatchObject({ status: 422, code: 'unprocessable' });
  expect(await errorOf(await upload('phone\n+16505551000\n'))).toMatchObject({ status: 400 });
  expect(await errorOf(await upload(Buffer.from([0x74, 0x6f, 10, 0xff, 0xfe, 10])))).toMatchObject({
    status: 400,
  });
  const unknown = await errorOf(await upload('to\n+16505551000\n', { query: { nonsense: '1' } }));
  expect(unknown).toMatchObject({ status: 400, details: [{ path: 'nonsense', code: 'unknown_field' }] });
  const sender = await errorOf(await upload('to\n+16505551000\n', { query: { sender: 'b1' } }));
  expect(sender).toMatchObject({ status: 422 });
  const json = await errorOf(await upload('to\n+16505551000\n', { query: { metadata: '{' } }));
  expect(json).toMatchObject({ status: 400, details: [{ path: 'metadata' }] });
});

test('other types are refused, gzip is taken', async () => {
  for (const type of ['application/json', 'text/plain', 'text/csv; charset=latin1', ''])
    expect((await upload('to\n', { headers: { 'content-type': type } })).status).toBe(415);
  const zipped = gzipSync(`to,reference\n${csvOf(3_000)}`);
  const answer = await upload(zipped, { headers: { 'content-encoding': 'gzip' } });
  expect((await accepted(answer)).job.counts.total).toBe(3_000);
  const broken = await upload(zipped.subarray(0, 2_000), { headers: { 'content-encoding': 'gzip' } });
  expect(await errorOf(broken)).toMatchObject({ status: 400 });
});

test('the same body again is the same job, another one is refused', async () => {
  const key = randomUUID();
  const body = `to,reference\n${csvOf(700)}`;
  const first = await accepted(await upload(body, { key }));
  const again = await upload(body, { key });
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect((await accepted(again)).job.id).toBe(first.job.id);
  expect(await errorOf(await upload(`${body}+16505559999,x\n`, { key }))).toMatchObject({
    code: 'idempotency_mismatch',
  });
  expect(await errorOf(await upload(body, { key, query: { spread: '1m' } }))).toMatchObject({ status: 422 });
});

/** A body that stops after its parts, until it is cut. */
function brokenUpload(parts: string[], key: string): { cut(): void; ended: Promise<unknown> } {
  const aborted = new AbortController();
  const stream = new ReadableStream<Uint8Array>({
    start: (control) => {
      for (const part of parts) control.enqueue(new TextEncoder().encode(part));
    },
  });
  const ended = h
    .call(`/v1/jobs?${new URLSearchParams(fields(key))}`, {
      method: 'POST',
      body: stream,
      duplex: 'half',
      signal: aborted.signal,
      headers: { 'content-type': 'text/csv', 'idempotency-key': key },
    } as RequestInit)
    .then((answer) => answer.status)
    .catch(() => 'cut');
  return { cut: () => aborted.abort(), ended };
}

/** The job of this key, as soon as so much of it is in. */
const comingIn = (key: string) =>
  until(
    async () => {
      const { data } = (await (await h.call('/v1/jobs?limit=5')).json()) as { data: Accepted['job'][] };
      return data.find(({ metadata, counts }) => metadata.key === key && counts.total >= 10_000);
    },
    { what: 'its first chunks are in the log' },
  );

test('a job is seen while it is uploaded, goes on where it broke off, and keeps to its body', async () => {
  const key = randomUUID();
  const whole = `to,reference\n${csvOf(60_000)}`;
  const upload1 = brokenUpload([whole.slice(0, 900_000)], key);
  const seen = await comingIn(key);
  expect(seen.status).toBe('accepted');
  expect((await errorOf(await upload(whole, { key }))).code).toBe('idempotency_in_progress');
  const patched = await h.call(`/v1/jobs/${seen.id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: '{"priority":"high"}',
  });
  expect(patched.status).toBe(409);
  upload1.cut();
  await upload1.ended;
  const appended = () => h.redis.client.xlen(`${h.namespace}:log:jobs`).catch(() => 0);
  const before = await appended();
  const other = whole.replace('row-3\n', 'row-x\n');
  const mismatch = await until(
    async () => {
      const error = await errorOf(await upload(other, { key }));
      return error.code === 'idempotency_in_progress' ? undefined : error;
    },
    { what: 'the first try has ended' },
  );
  expect(mismatch.code).toBe('idempotency_mismatch');
  const { job } = await accepted(await upload(whole, { key }));
  expect(job.id).toBe(seen.id);
  expect(job.counts.total).toBe(60_000);
  // 120 chunks and a seal, and hardly any of them twice.
  const records = (await appended()) - before;
  expect(records).toBeLessThan(121);
});

test('an upload that is canceled meanwhile ends as canceled', async () => {
  const key = randomUUID();
  const part = `to,reference\n${csvOf(30_000)}`;
  const open = brokenUpload([part], key);
  const job = await comingIn(key);
  expect((await h.call(`/v1/jobs/${job.id}/cancel`, { method: 'POST' })).status).toBe(200);
  open.cut();
  await open.ended;
  const answer = await until(
    async () => {
      const one = await upload(part, { key });
      return one.status === 409 && (await one.clone().text()).includes('in_progress') ? undefined : one;
    },
    { what: 'the first try has ended' },
  );
  expect(await errorOf(answer)).toMatchObject({ status: 409, code: 'conflict' });
  expect(await (await h.call(`/v1/jobs/${job.id}`)).json()).toMatchObject({
    status: 'canceled',
    counts: { total: 0, queued: 0 },
  });
});

test('an upload that nobody goes on with becomes incomplete, and only then', async () => {
  const key = randomUUID();
  const body = `to,reference\n${csvOf(30_000)}`;
  const open = brokenUpload([body], key);
  const job = await comingIn(key);
  open.cut();
  await open.ended;
  const uploads = createUploads(h.redis, h.namespace);
  expect(await uploads.endSilent(Date.now(), 10)).toBe(0);
  expect(await uploads.endSilent(Date.now() + UPLOAD_SILENCE_MS + 1_000, 10)).toBeGreaterThan(0);
  expect(await (await h.call(`/v1/jobs/${job.id}`)).json()).toMatchObject({ status: 'incomplete' });
  expect(await errorOf(await upload(body, { key }))).toMatchObject({ status: 409 });
});

test('a foreign key sees nothing of it', async () => {
  const { job } = await accepted(await upload('to\n+16505551000\n'));
  const headers = { authorization: `Bearer ${SECRETS.bravoKey}` };
  expect((await h.call(`/v1/jobs/${job.id}/rejected`, { headers })).status).toBe(404);
  expect(
    (await h.call(`/v1/jobs/${job.id}/items`, { headers: { ...headers, accept: 'text/csv' } })).status,
  ).toBe(404);
  expect((await h.call(`/v1/jobs/${job.id}/items`, { headers: { accept: 'image/png' } })).status).toBe(406);
});
