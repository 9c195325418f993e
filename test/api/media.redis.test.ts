// POST /v1/media at the API, with its errors; what becomes of a file is in flow/templates.
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SECRETS } from '../accounts/sample.ts';
import { redisUrl } from '../support/services.ts';
import { errorOf, type Harness, startHarness } from './harness.ts';

const STRANGER = { authorization: 'Bearer sk_live_nobody_0123456789abcdef0123456789' };
const MB = 1_024 * 1_024;
const PNG = Buffer.from('89504e470d0a1a0a00', 'hex');
const png = (bytes: number): Buffer => Buffer.concat([PNG], bytes);

let h: Harness;
beforeAll(async () => {
  h = await startHarness({ redisUrl: redisUrl() });
});
afterAll(() => h.stop());

function form(file: Buffer, type = 'image/png', fields: Record<string, string> = { sender: 's1' }): FormData {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  body.append('file', new Blob([new Uint8Array(file)], { type }), 'picture.png');
  return body;
}
const send = (body: FormData | string, headers: Record<string, string> = {}) =>
  h.call('/v1/media', { method: 'POST', body, headers });
const left = async () => (await readdir(h.mediaFolder)).filter((name) => name.startsWith('in-'));

test('401 without a key, 403 without the scope, 406', async () => {
  expect((await send(form(png(100)), STRANGER)).status).toBe(401);
  expect((await send(form(png(100)), { authorization: `Bearer ${SECRETS.acmeReader}` })).status).toBe(403);
  expect((await send(form(png(100)), { accept: 'text/csv' })).status).toBe(406);
});

test('a job, its replay with the same file, another file under its key', async () => {
  const key = { 'idempotency-key': 'one-file' };
  const answer = await send(form(png(2_000)), key);
  const { job } = (await answer.json()) as { job: { id: string; kind: string } };
  expect([answer.status, job.kind]).toEqual([202, 'media']);
  expect(await readdir(h.mediaFolder)).toEqual([job.id]);
  // Other words between the parts, the same fields and file.
  const again = await send(form(png(2_000)), key);
  expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([202, 'true']);
  expect(await errorOf(await send(form(png(2_001)), key))).toMatchObject({ code: 'idempotency_mismatch' });
  expect(await readdir(h.mediaFolder)).toEqual([job.id]);
});

test.each([
  ['no file', 'text', 400, 'invalid_request'],
  ['nothing in it', form(Buffer.alloc(0)), 422, 'unprocessable'],
  ['not what it says', form(Buffer.from('GIF89a and more of it')), 422, 'unprocessable'],
  ['of no known type', form(png(100), 'image/gif'), 415, 'unsupported_media_type'],
  ['too large for its type', form(png(5 * MB + 1)), 413, 'payload_too_large'],
  ['of a foreign sender', form(png(100), 'image/png', { sender: 'b1' }), 422, 'unprocessable'],
  ['without a sender', form(png(100), 'image/png', {}), 400, 'invalid_request'],
  [
    'with a field that is not known',
    form(png(100), 'image/png', { sender: 's1', a: 'b' }),
    400,
    'invalid_request',
  ],
  ['with a long field', form(png(100), 'image/png', { sender: 's'.repeat(300) }), 400, 'invalid_request'],
  [
    'with too many fields',
    form(png(100), 'image/png', { a: '', b: '', c: '', d: '', e: '' }),
    400,
    'invalid_request',
  ],
])('a form %s is refused, and leaves nothing', async (_name, body, status, code) => {
  const headers = typeof body === 'string' ? { 'content-type': 'multipart/form-data; boundary=x' } : {};
  expect(await errorOf(await send(body, headers))).toMatchObject({ status, code });
  expect(await left()).toEqual([]);
});

test('other bodies are 415, a query 400, and a form that breaks off 400', async () => {
  for (const type of ['application/json', 'multipart/mixed; boundary=x', 'multipart/form-data'])
    expect((await send('{}', { 'content-type': type })).status).toBe(415);
  expect((await send(form(png(100)), { 'content-encoding': 'gzip' })).status).toBe(415);
  const query = await h.call('/v1/media?a=b', { method: 'POST', body: form(png(100)) });
  expect(query.status).toBe(400);
  const cut =
    '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\ncontent-type: image/png\r\n\r\nab';
  const broken = await errorOf(await send(cut, { 'content-type': 'multipart/form-data; boundary=x' }));
  expect(broken.status).toBeLessThan(500);
  expect(await left()).toEqual([]);
});

test('a full folder is 503 with retry-after', async () => {
  const small = await startHarness({ redisUrl: redisUrl(), mediaMaxBytes: MB });
  const answer = await small.call('/v1/media', { method: 'POST', body: form(png(100)) });
  expect(answer.headers.get('retry-after')).toBe('30');
  expect(await errorOf(answer)).toMatchObject({ status: 503, code: 'unavailable' });
  await small.stop();
});
