import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Item, Job } from '../../src/contract/job.ts';
import type { JobFilter, JobPosition, LedgerReader, Page } from '../../src/ledger/port.ts';
import { SECRETS } from '../accounts/sample.ts';
import { redisUrl } from '../support/services.ts';
import { bulkBody, errorOf, type Harness, type ListAnswer, startHarness } from './harness.ts';

let h: Harness;
const asBravo = { authorization: `Bearer ${SECRETS.bravoKey}` };
const asAcmeTest = { authorization: `Bearer ${SECRETS.acmeTestKey}` };

beforeAll(async () => {
  h = await startHarness({ redisUrl: redisUrl() });
});
afterAll(() => h.stop());

const list = async (path: string, headers: Record<string, string> = {}): Promise<ListAnswer> => {
  const answer = await h.call(path, { headers });
  expect(answer.status).toBe(200);
  return (await answer.json()) as ListAnswer;
};

test('a bulk job is 202 with its place, and GET finds it at once', async () => {
  const answer = await h.post('/v1/messages/bulk', bulkBody(3), { 'idempotency-key': 'first' });
  expect(answer.status).toBe(202);
  const { job, rejected, duplicates } = (await answer.json()) as { job: Job; rejected: []; duplicates: [] };
  expect(job).toMatchObject({ kind: 'messages', sender: 's1', counts: { total: 3, queued: 3 } });
  expect([rejected, duplicates]).toEqual([[], []]);
  expect(answer.headers.get('location')).toBe(`/v1/jobs/${job.id}`);
  expect(answer.headers.get('idempotency-replayed')).toBeNull();
  const found = await h.call(answer.headers.get('location') ?? '');
  expect(found.status).toBe(200);
  expect(await found.json()).toMatchObject({ id: job.id, counts: { total: 3 } });

  const again = await h.post('/v1/messages/bulk', bulkBody(3), { 'idempotency-key': 'first' });
  expect(again.status).toBe(202);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(((await again.json()) as { job: Job }).job.id).toBe(job.id);
  const other = await h.post('/v1/messages/bulk', bulkBody(4), { 'idempotency-key': 'first' });
  expect(await errorOf(other)).toMatchObject({ status: 422, code: 'idempotency_mismatch' });
});

test('one message is a job of one', async () => {
  const body = JSON.stringify({ sender: 's1', text: { body: 'Hello' }, to: '+16505551234' });
  const answer = await h.post('/v1/messages', body);
  expect(answer.status).toBe(202);
  expect(((await answer.json()) as { job: Job }).job).toMatchObject({
    priority: 'high',
    counts: { total: 1 },
  });
});

test('rejected and repeated rows are told', async () => {
  const messages = [{ to: '+16505551234' }, { to: 'nobody' }, { to: '+1 (650) 555-1234' }];
  const body = JSON.stringify({ sender: 's1', text: { body: 'x' }, messages });
  const answer = (await (await h.post('/v1/messages/bulk', body)).json()) as Awaited<
    ReturnType<Harness['bulk']>
  >;
  expect(answer.rejected).toMatchObject([{ index: 1, code: 'invalid_recipient' }]);
  expect(answer.duplicates).toEqual([{ index: 2, of: 0 }]);
});

test('the tag of a job answers 304 until the job changes', async () => {
  const { job } = await h.bulk(2);
  const first = await h.call(`/v1/jobs/${job.id}`);
  const tag = first.headers.get('etag') ?? '';
  expect(tag).toMatch(/^W\/"[0-9a-f]{27}"$/);
  for (const known of [tag, tag.slice(2), `"other", ${tag}`, '*']) {
    const same = await h.call(`/v1/jobs/${job.id}`, { headers: { 'if-none-match': known } });
    expect(same.status).toBe(304);
    expect(same.headers.get('etag')).toBe(tag);
    expect(await same.text()).toBe('');
  }
  const other = await h.call(`/v1/jobs/${job.id}`, { headers: { 'if-none-match': '"other"' } });
  expect(other.status).toBe(200);
});

test('a job of another workspace or environment is not there, under any route', async () => {
  const { job } = await h.bulk(2);
  for (const headers of [asBravo, asAcmeTest]) {
    for (const path of [`/v1/jobs/${job.id}`, `/v1/jobs/${job.id}/items`]) {
      expect(await errorOf(await h.call(path, { headers }))).toMatchObject({
        status: 404,
        code: 'not_found',
      });
    }
    expect((await list('/v1/jobs', headers)).data.map(({ id }) => id)).not.toContain(job.id);
  }
});

test('what is no job is not there', async () => {
  const { job } = await h.bulk(1);
  const unknown = job.id.slice(0, -1) + (job.id.endsWith('A') ? 'B' : 'A');
  for (const id of ['x', 'job_', unknown, `${job.id}x`, job.id.toLowerCase(), '..%2F..%2Fv1', '%00']) {
    expect(await errorOf(await h.call(`/v1/jobs/${id}`))).toMatchObject({ status: 404, code: 'not_found' });
    expect(await errorOf(await h.call(`/v1/jobs/${id}/items`))).toMatchObject({
      status: 404,
      code: 'not_found',
    });
  }
});

test('pages of jobs hold each job once, newest first', async () => {
  const made: string[] = [];
  for (let i = 0; i < 7; i += 1) made.push((await h.bulk(1, { ...asBravo, 'x-sender': 'b1' })).job.id);
  const seen: string[] = [];
  let path = '/v1/jobs?limit=3';
  for (let pages = 1; ; pages += 1) {
    const page = await list(path, asBravo);
    seen.push(...page.data.map(({ id }) => id));
    expect(page.has_more).toBe(page.next_cursor !== null);
    if (page.next_cursor === null) break;
    expect(pages).toBeLessThan(4);
    path = `/v1/jobs?limit=3&cursor=${encodeURIComponent(page.next_cursor)}`;
  }
  expect([...seen].sort()).toEqual([...made].sort());
  const created = await Promise.all(
    seen.map(
      async (id) => ((await (await h.call(`/v1/jobs/${id}`, { headers: asBravo })).json()) as Job).created_at,
    ),
  );
  expect(created).toEqual([...created].sort().reverse());
});

test('lists take their filters', async () => {
  await h.bulk(1, { 'x-sender': 's2' });
  const ofS2 = await list('/v1/jobs?sender=s2&kind=messages');
  expect(ofS2.data).toHaveLength(1);
  expect((await list('/v1/jobs?sender=nobody')).data).toEqual([]);
  expect((await list('/v1/jobs?created_after=2999-01-01T00:00:00Z')).data).toEqual([]);
  expect((await list('/v1/jobs?created_after=2020-01-01T00:00:00%2B02:00&sender=s2')).data).toHaveLength(1);
  expect((await list('/v1/jobs?status=canceled')).data).toEqual([]);
});

test('a query is as strict as a body', async () => {
  const cases: [string, string, string][] = [
    ['/v1/jobs?limit=0', 'limit', 'must be a whole number from 1 to 1000'],
    ['/v1/jobs?limit=1001', 'limit', 'must be a whole number from 1 to 1000'],
    ['/v1/jobs?limit=1e2', 'limit', 'must be a whole number from 1 to 1000'],
    ['/v1/jobs?limit=1&limit=2', 'limit', 'must be given once'],
    ['/v1/jobs?status=lost', 'status', 'must be one of accepted, scheduled'],
    ['/v1/jobs?kind=other', 'kind', 'must be one of messages, contacts'],
    ['/v1/jobs?created_after=yesterday', 'created_after', 'must be an ISO 8601 timestamp'],
    ['/v1/jobs?color=red', 'color', 'is not a known field'],
    ['/v1/jobs?__proto__=1', '__proto__', 'is not a known field'],
  ];
  for (const [path, where, what] of cases) {
    const error = await errorOf(await h.call(path));
    expect(error).toMatchObject({ status: 400, code: 'invalid_request', details: [{ path: where }] });
    expect(error.details?.[0]?.message).toContain(what);
  }
  const { job } = await h.bulk(1);
  for (const path of [`/v1/jobs/${job.id}?full=1`, `/v1/jobs/${job.id}/items?status=absent`]) {
    expect(await errorOf(await h.call(path))).toMatchObject({ status: 400, code: 'invalid_request' });
  }
});

test('a cursor is good for its own list, filter and caller only, and not when changed', async () => {
  await h.bulk(1);
  await h.bulk(1);
  const { next_cursor: cursor } = await list('/v1/jobs?limit=1');
  expect(cursor).not.toBeNull();
  const good = cursor ?? '';
  await list(`/v1/jobs?limit=2&cursor=${good}`);
  const flipped = good.slice(0, -2) + (good.at(-2) === 'A' ? 'B' : 'A') + good.slice(-1);
  const refusedAt: [string, Record<string, string>][] = [
    [`/v1/jobs?cursor=${good}&sender=s1`, {}],
    [`/v1/jobs?cursor=${good}`, asBravo],
    [`/v1/jobs?cursor=${good}`, asAcmeTest],
    [`/v1/jobs?cursor=${flipped}`, {}],
    [`/v1/jobs?cursor=${good}x`, {}],
    ['/v1/jobs?cursor=', {}],
    ['/v1/jobs?cursor=abc', {}],
    [`/v1/jobs?cursor=${'a'.repeat(2_000)}`, {}],
  ];
  for (const [path, headers] of refusedAt) {
    expect(await errorOf(await h.call(path, { headers }))).toMatchObject({
      status: 400,
      code: 'invalid_request',
      details: [{ path: 'cursor' }],
    });
  }
  const { job } = await h.bulk(1);
  expect(await errorOf(await h.call(`/v1/jobs/${job.id}/items?cursor=${good}`))).toMatchObject({
    status: 400,
  });
});

test('a page that a narrow filter leaves short is filled by reading on, within a bound', async () => {
  const reads: number[] = [];
  const ledger: LedgerReader = {
    job: async () => undefined,
    items: async () => ({ rows: [], next: undefined }),
    leftOut: async () => undefined,
    jobs: async (
      _workspace: string,
      _environment: string,
      _filter: JobFilter,
      after: JobPosition | undefined,
      limit: number,
    ): Promise<Page<Job, JobPosition>> => {
      reads.push(limit);
      const at = after?.createdMs ?? 100;
      return { rows: at % 2 === 0 ? [{ id: `job_${at}` } as Job] : [], next: { createdMs: at - 1, id: 'x' } };
    },
  };
  const own = await startHarness({ redisUrl: redisUrl(), overrides: { ledger } });
  try {
    const page = (await (await own.call('/v1/jobs?limit=9')).json()) as ListAnswer;
    expect(page.data.map(({ id }) => id)).toEqual(['job_100', 'job_98', 'job_96']);
    expect(reads).toEqual([9, 8, 8, 7, 7]);
    expect(page.has_more).toBe(true);
  } finally {
    await own.stop();
  }
});

test('items come by index, page after page, each status by itself', async () => {
  const asked: unknown[][] = [];
  const ledger: LedgerReader = {
    job: async (_home, id) => ({ id, counts: { queued: 0, sending: 0 } }) as Job,
    jobs: async () => ({ rows: [], next: undefined }),
    leftOut: async () => undefined,
    items: async (home, _id, status, from, limit) => {
      asked.push([home, status, from, limit]);
      const rows = Array.from({ length: Math.min(limit, 7 - from) }, (_, i) => ({ index: from + i }) as Item);
      return { rows, next: from + limit < 7 ? from + limit : undefined };
    },
  };
  const own = await startHarness({ redisUrl: redisUrl(), overrides: { ledger } });
  try {
    const { job } = await own.bulk(7);
    const seen: number[] = [];
    let cursor = '';
    do {
      const path = `/v1/jobs/${job.id}/items?limit=3&status=failed${cursor}`;
      const page = (await (await own.call(path)).json()) as ListAnswer;
      seen.push(...page.data.map(({ index }) => index));
      cursor = page.next_cursor === null ? '' : `&cursor=${page.next_cursor}`;
      if (cursor !== '') {
        const other = await own.call(`/v1/jobs/${job.id}/items?limit=3&status=queued${cursor}`);
        expect(await errorOf(other)).toMatchObject({ status: 400, details: [{ path: 'cursor' }] });
      }
    } while (cursor !== '');
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(asked).toEqual([0, 3, 6].map((from) => ['p:acme_bm', 'failed', from, 3]));
  } finally {
    await own.stop();
  }
});
