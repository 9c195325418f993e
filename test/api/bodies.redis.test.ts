import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { BulkRequest } from '../../src/accept/port.ts';
import { refused } from '../../src/base/failure.ts';
import { SECRETS } from '../accounts/sample.ts';
import { redisUrl } from '../support/services.ts';
import { until } from '../support/until.ts';
import { errorOf, type Harness, startHarness } from './harness.ts';
import { exchange } from './raw-http.ts';

const MAX = 5 * 1024 * 1024;
const BUDGET = 12 * 1024 * 1024;
let h: Harness;
let seen: BulkRequest[] = [];
let atWork: Promise<void> = Promise.resolve();

// Accept is not what is measured here: it notes what it was given, and refuses with a code that nothing else gives.
const note = async (request: BulkRequest): Promise<never> => {
  seen.push(request);
  await atWork;
  throw refused('precondition_failed', 'seen');
};

beforeAll(async () => {
  h = await startHarness({
    redisUrl: redisUrl(),
    accept: () => ({ bulk: note, one: note, contacts: note, template: note, media: note }),
    overrides: { bodiesMaxBytes: BUDGET },
  });
});
beforeEach(() => {
  seen = [];
});
afterAll(() => h.stop());

const bulk = (body: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}) =>
  h.post('/v1/messages/bulk', body, headers);

async function expectSeen(answer: Response, bytes: Buffer): Promise<void> {
  expect(await errorOf(answer)).toMatchObject({ code: 'precondition_failed' });
  expect(seen).toHaveLength(1);
  expect(seen[0]?.raw.equals(bytes)).toBe(true);
}

async function expectRefused(answer: Response, status: number, code: string): Promise<void> {
  expect(await errorOf(answer)).toMatchObject({ status, code });
  expect(answer.headers.get('connection')).toBe('close');
  expect(seen).toHaveLength(0);
}

test('the bytes go to accept as they came, with what accept must know of the request', async () => {
  const answer = await bulk('  {"ä": 1}\n', {
    'idempotency-key': 'k1',
    'content-type': 'application/json; charset=UTF-8',
  });
  await expectSeen(answer, Buffer.from('  {"ä": 1}\n'));
  expect(seen[0]).toMatchObject({
    route: 'POST /v1/messages/bulk',
    idempotencyKey: 'k1',
    query: '',
    contentType: 'application/json; charset=UTF-8',
    principal: { key: 'acme_live', workspace: 'acme', environment: 'live' },
  });
});

test('5 MB exactly is read, one byte more is 413', async () => {
  await expectSeen(await bulk(Buffer.alloc(MAX, 'a')), Buffer.alloc(MAX, 'a'));
  seen = [];
  await expectRefused(await bulk(Buffer.alloc(MAX + 1, 'a')), 413, 'payload_too_large');
});

test('the same without a content-length', async () => {
  const chunked = (bytes: Buffer) =>
    h.call('/v1/messages/bulk', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([new Uint8Array(bytes)]).stream(),
      duplex: 'half',
    } as RequestInit);
  await expectSeen(await chunked(Buffer.alloc(MAX, 'a')), Buffer.alloc(MAX, 'a'));
  seen = [];
  await expectRefused(await chunked(Buffer.alloc(MAX + 1, 'a')), 413, 'payload_too_large');
});

test('other routes take 64 KB', async () => {
  await expectSeen(await h.post('/v1/messages', Buffer.alloc(65_536, 'a')), Buffer.alloc(65_536, 'a'));
  seen = [];
  await expectRefused(await h.post('/v1/messages', Buffer.alloc(65_537, 'a')), 413, 'payload_too_large');
});

test.each([
  ['gzip', gzipSync],
  ['GZIP', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['identity', (bytes: Buffer) => bytes],
] as const)('content-encoding %s is decoded, up to 5 MB of decoded bytes', async (encoding, encode) => {
  const headers = { 'content-encoding': encoding };
  await expectSeen(
    await bulk(new Uint8Array(encode(Buffer.alloc(MAX, 'a'))), headers),
    Buffer.alloc(MAX, 'a'),
  );
  seen = [];
  await expectRefused(
    await bulk(new Uint8Array(encode(Buffer.alloc(MAX + 1, 'a'))), headers),
    413,
    'payload_too_large',
  );
});

test('a bomb of 200 MB is 413 and never held', async () => {
  const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
  const before = process.memoryUsage().arrayBuffers;
  await expectRefused(
    await bulk(new Uint8Array(bomb), { 'content-encoding': 'gzip' }),
    413,
    'payload_too_large',
  );
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40 * 1024 * 1024);
});

test('a broken or unfinished encoding is 400', async () => {
  const headers = { 'content-encoding': 'gzip' };
  await expectRefused(await bulk('not gzip at all', headers), 400, 'invalid_request');
  const half = gzipSync(Buffer.from(Array.from({ length: 9_999 }, (_, i) => i % 251))).subarray(0, 200);
  await expectRefused(await bulk(new Uint8Array(half), headers), 400, 'invalid_request');
});

test('an unknown encoding, or two, is 415', async () => {
  for (const encoding of ['zstd', 'gzip, br', 'constructor']) {
    await expectRefused(await bulk('{}', { 'content-encoding': encoding }), 415, 'unsupported_media_type');
  }
});

test('another content type is 415', async () => {
  for (const type of [
    'text/plain',
    'application/jsonx',
    'application/json-patch+json',
    'application/json; charset=latin1',
  ]) {
    await expectRefused(await bulk('{}', { 'content-type': type }), 415, 'unsupported_media_type');
  }
  const none = await exchange(h.url, [
    `POST /v1/messages/bulk HTTP/1.1\r\nhost: x\r\nx-api-key: ${SECRETS.acmeKey}\r\ncontent-length: 2\r\n\r\n{}`,
  ]);
  expect(none).toMatchObject({ status: 415, closed: true });
});

test('a stranger with a large body is told so without its being read', async () => {
  const answer = await bulk(Buffer.alloc(MAX + 1), { authorization: 'Bearer wrong' });
  expect(await errorOf(answer)).toMatchObject({ status: 401 });
});

test('bodies past the budget of all together are 503 with retry-after; what was held is given back', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  atWork = promise;
  const first = [bulk(Buffer.alloc(MAX, 'a')), bulk(Buffer.alloc(MAX, 'a'))];
  await until(() => seen.length === 2, { what: 'two bodies at work' });
  const third = await bulk(Buffer.alloc(MAX, 'a'));
  expect(third.headers.get('retry-after')).toBe('1');
  expect(await errorOf(third)).toMatchObject({ status: 503, code: 'unavailable', retry_after: 1 });
  expect(await h.metrics.text()).toMatch(/^sluice_http_bodies_bytes 10485760$/m);
  resolve();
  await Promise.all(first);
  await until(async () => /^sluice_http_bodies_bytes 0$/m.test(await h.metrics.text()), {
    what: 'nothing held',
  });
  seen = [];
  await expectSeen(await bulk(Buffer.alloc(MAX, 'a')), Buffer.alloc(MAX, 'a'));
});

test('a client that leaves in the middle holds nothing', async () => {
  const gone = new AbortController();
  const stream = new ReadableStream({
    start: (controller) => controller.enqueue(new Uint8Array(100_000)),
  });
  const left = bulkStream(stream, gone.signal);
  await until(async () => /^sluice_http_bodies_bytes 100000$/m.test(await h.metrics.text()), {
    what: 'the first bytes',
  });
  gone.abort();
  await expect(left).rejects.toThrow();
  await until(async () => /^sluice_http_bodies_bytes 0$/m.test(await h.metrics.text()), {
    what: 'nothing held',
  });
  expect(seen).toHaveLength(0);
});

const bulkStream = (body: ReadableStream, signal: AbortSignal) =>
  h.call('/v1/messages/bulk', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    duplex: 'half',
    signal,
  } as RequestInit);
