import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BulkRequest } from '../../src/accept/port.ts';
import { Failure } from '../../src/base/failure.ts';
import { PROBLEM_STATUS, type ProblemCode } from '../../src/contract/problem.ts';
import { SECRETS } from '../accounts/sample.ts';
import { redisUrl } from '../support/services.ts';
import { bulkBody, errorOf, type Harness, startHarness } from './harness.ts';
import { exchange } from './raw-http.ts';

let h: Harness;
/** What accept throws for the next request; undefined: it does its work. */
let next: unknown;

beforeAll(async () => {
  h = await startHarness({
    redisUrl: redisUrl(),
    accept: (real) => ({
      bulk: (request: BulkRequest) => (next === undefined ? real.bulk(request) : Promise.reject(next)),
      one: (request) => real.one(request),
      contacts: (request) => real.contacts(request),
      template: (request) => real.template(request),
      media: (request) => real.media(request),
    }),
  });
});
afterAll(() => h.stop());

test.each(Object.keys(PROBLEM_STATUS) as ProblemCode[])(
  '%s has its status and the one shape',
  async (code) => {
    next = new Failure({ code, message: 'So it is.', repeat: 'never', retryAfterMs: 1_001 });
    const answer = await h.post('/v1/messages/bulk', bulkBody(1));
    next = undefined;
    const error = await errorOf(answer);
    expect(error).toMatchObject({ status: PROBLEM_STATUS[code], code, message: 'So it is.' });
    const comesBack = [
      'idempotency_in_progress',
      'rate_limit_exceeded',
      'backlog_full',
      'unavailable',
    ].includes(code);
    expect(answer.headers.get('retry-after')).toBe(comesBack ? '2' : null);
    expect(error.retry_after).toBe(comesBack ? 2 : undefined);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  },
);

test('a surprise is 500, told to nobody, and logged without numbers or bodies', async () => {
  next = new TypeError('cannot send to +16505551234 with a secret');
  const answer = await h.post('/v1/messages/bulk', bulkBody(1));
  next = undefined;
  const error = await errorOf(answer);
  expect(error).toMatchObject({ status: 500, code: 'internal' });
  expect(error.message).not.toContain('cannot send');
  const line = h.logger.lines.find(
    (one) => one.event === 'request.failed' && one.request_id === error.request_id,
  );
  expect(line?.reason).toMatch(/^TypeError: cannot send to … with a secret \(.*errors\.redis\.test\.ts/);
  expect(h.logger.text()).not.toContain('16505551234');
});

test('details travel, at most 100 of them', async () => {
  const details = Array.from({ length: 150 }, (_, i) => ({
    path: `messages[${i}].to`,
    code: 'x',
    message: 'y',
  }));
  next = new Failure({ code: 'invalid_request', message: 'no', repeat: 'never', details });
  const error = await errorOf(await h.post('/v1/messages/bulk', bulkBody(1)));
  next = undefined;
  expect(error.details).toHaveLength(100);
});

test('no key, a wrong key, half a key: 401 with the scheme', async () => {
  for (const headers of [
    { authorization: '' },
    { authorization: 'Bearer ' },
    { authorization: 'Bearer wrong' },
    { authorization: `Basic ${SECRETS.acmeKey}` },
    { authorization: `Bearer ${SECRETS.acmeKey} x` },
    { authorization: '', 'x-api-key': 'wrong' },
  ]) {
    const answer = await h.call('/v1/jobs', { headers });
    expect(await errorOf(answer)).toMatchObject({ status: 401, code: 'unauthorized' });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  }
});

test('both forms of the key are taken', async () => {
  for (const headers of [
    { authorization: `Bearer ${SECRETS.acmeKey}` },
    { authorization: `bearer ${SECRETS.acmeKey}` },
    { authorization: '', 'x-api-key': SECRETS.acmeKey },
  ]) {
    expect((await h.call('/v1/jobs', { headers })).status).toBe(200);
  }
});

test('a key without the scope is 403, before its body is looked at', async () => {
  const headers = { authorization: `Bearer ${SECRETS.acmeReader}` };
  expect((await h.call('/v1/jobs', { headers })).status).toBe(200);
  for (const path of ['/v1/messages/bulk', '/v1/messages']) {
    expect(await errorOf(await h.post(path, '{', headers))).toMatchObject({ status: 403, code: 'forbidden' });
  }
});

test('an unknown route is 404, a wrong method 405 with the right ones', async () => {
  expect(await errorOf(await h.call('/v1/nothing'))).toMatchObject({ status: 404, code: 'not_found' });
  expect(await errorOf(await h.post('/v1/nothing', '<x/>', { 'content-type': 'text/xml' }))).toMatchObject({
    status: 404,
  });
  const bulk = await h.call('/v1/messages/bulk');
  expect(await errorOf(bulk)).toMatchObject({ status: 405, code: 'method_not_allowed' });
  expect(bulk.headers.get('allow')).toBe('POST');
  const job = await h.call('/v1/jobs/job_x', { method: 'DELETE' });
  expect(job.headers.get('allow')).toBe('GET, HEAD, PATCH');
  expect(await errorOf(job)).toMatchObject({ status: 405 });
  expect(await errorOf(await h.call(`/v1/jobs/${'x'.repeat(500)}`))).toMatchObject({
    status: 404,
    code: 'not_found',
  });
  expect(await errorOf(await h.call('/v1/jobs/%zz'))).toMatchObject({ status: 400, code: 'invalid_request' });
});

test('an accept header that rules JSON out is 406', async () => {
  for (const accept of ['text/xml', 'application/json;q=0', 'image/*, text/html']) {
    expect(await errorOf(await h.call('/v1/jobs', { headers: { accept } }))).toMatchObject({
      status: 406,
      code: 'not_acceptable',
    });
  }
  for (const accept of ['*/*', 'text/html, */*;q=0.8', 'application/*', 'Application/JSON; q=0.5']) {
    expect((await h.call('/v1/jobs', { headers: { accept } })).status).toBe(200);
  }
});

test('the request id is ours, never the one that came', async () => {
  const answer = await h.call('/v1/jobs', {
    headers: { 'x-request-id': 'req_mine', 'request-id': 'req_mine' },
  });
  expect(answer.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{24}$/);
});

test('what is no HTTP is answered in the same shape, and the connection is closed', async () => {
  for (const text of [
    'NONSENSE\r\n\r\n',
    `GET / HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`,
    'POST /v1/messages/bulk HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  ]) {
    const answer = await exchange(h.url, [text]);
    expect(answer).toMatchObject({ status: 400, closed: true });
    const body = JSON.parse(answer.text.slice(answer.text.indexOf('\r\n\r\n'))) as {
      error: { code: string; request_id: string };
    };
    expect(body.error.code).toBe('invalid_request');
    expect(answer.text).toContain(`x-request-id: ${body.error.request_id}`);
  }
});

test('bad input that accept refuses comes through with its code', async () => {
  const cases: [string, number, string][] = [
    ['{', 400, 'invalid_request'],
    ['', 400, 'invalid_request'],
    [bulkBody(0), 400, 'invalid_request'],
    [bulkBody(1, 'nobody'), 422, 'unprocessable'],
    [bulkBody(1, 'b1'), 422, 'unprocessable'],
    [bulkBody(10_001), 400, 'invalid_request'],
  ];
  for (const [body, status, code] of cases) {
    expect(await errorOf(await h.post('/v1/messages/bulk', body))).toMatchObject({ status, code });
  }
  expect(await errorOf(await h.post('/v1/messages/bulk?dry=1', bulkBody(1)))).toMatchObject({
    status: 400,
    details: [{ path: 'dry', code: 'unknown_field' }],
  });
});
