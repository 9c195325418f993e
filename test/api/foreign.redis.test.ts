// Every route that names an object × every scope × objects of somebody else, objects that do not exist, and ids that are none: nobody reads or
// changes what is not theirs, and a foreign object answers exactly as one that is not there.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OPERATIONS } from '../../src/api/openapi/operations.ts';
import { SCOPES } from '../../src/contract/account.ts';
import { SECRETS } from '../accounts/sample.ts';
import { redisUrl } from '../support/services.ts';
import { bulkBody, type Harness, startHarness } from './harness.ts';

const TOGETHER = 40;
/** Objects of the other workspace, by the part of the path that they stand under. */
const foreign: Record<string, string[]> = {};
let h: Harness;
/** Secrets by what the key may: one scope each, or everything, of another workspace; and everything of another environment. */
const callers: { name: string; scopes: string[]; secret: string }[] = [];

beforeAll(async () => {
  h = await startHarness({ redisUrl: redisUrl() });
  const made = async (path: string, body: object, secret = SECRETS.acmeKey) => {
    const headers = { authorization: `Bearer ${secret}` };
    const answer = await h.post(path, JSON.stringify(body), headers);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Record<string, string>;
  };
  const jobs = await Promise.all(Array.from({ length: 6 }, () => h.bulk(2)));
  foreign.jobs = jobs.map(({ job }) => job.id);
  foreign.senders = ['s1', 's2'];
  foreign.portfolios = ['acme_bm'];
  const key = await made('/v1/keys', { scopes: ['jobs:read'] });
  foreign.keys = ['acme_live', 'acme_reader', String(key.id)];
  const hook = await made('/v1/webhooks', { url: 'https://example.com/hook', events: ['*'] });
  foreign.webhooks = [String(hook.id)];
  await made('/v1/suppressions', { to: '+16505551999' });
  const list = await h.call('/v1/suppressions');
  foreign.suppressions = ((await list.json()) as { data: { id: string }[] }).data.map(({ id }) => id);
  const told = [{ number: '+16505551998', external_id: 'crm-1' }];
  foreign.contacts = await h.contacts.upsert({ workspace: 'acme', environment: 'live' }, told, Date.now());
  for (const scope of SCOPES) {
    const { secret } = await made('/v1/keys', { scopes: [scope] }, SECRETS.bravoKey);
    callers.push({ name: scope, scopes: [scope], secret: String(secret) });
  }
  callers.push({ name: 'everything', scopes: ['*'], secret: SECRETS.bravoKey });
  callers.push({ name: 'the other environment', scopes: ['*'], secret: SECRETS.acmeTestKey });
});
afterAll(() => h.stop());

/** As long and of the same letters, and not there. */
const absentLike = (id: string): string =>
  /^(job|key|whk|sup|con)_/.test(id) || id.length > 12
    ? id.slice(0, -4) + (id.endsWith('AAAA') ? 'BBBB' : 'AAAA')
    : `${id}x`;
const NO_IDS = [
  '__proto__',
  'constructor',
  '%2e%2e%2f',
  '%00',
  "x'OR'1",
  'x'.repeat(100),
  'job_',
  '%F0%9F%98%80',
  '*',
];

interface Case {
  route: string;
  caller: (typeof callers)[number];
  id: string;
  /** What must answer the same. */
  twin?: string;
}

interface Told {
  status: number;
  text: string;
}

async function ask(route: string, secret: string, id: string): Promise<Told> {
  const [method = '', path = ''] = route.split(' ');
  const content = OPERATIONS[route]?.body?.content['application/json'];
  const body = content ? JSON.stringify(content.example ?? {}) : undefined;
  const answer = await h.call(path.replace(/:\w+/, id), {
    method,
    ...(body === undefined ? {} : { body }),
    headers: {
      authorization: `Bearer ${secret}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(path.endsWith('/events') ? { accept: 'text/event-stream' } : {}),
    },
  });
  const text = await answer.text();
  // Without the request's id, and without the id that was asked for where a sentence repeats it.
  return {
    status: answer.status,
    text: text.replace(/req_[0-9a-f]{24}/g, 'req').replaceAll(decodeURI(id), 'ID'),
  };
}

/** Runs many at a time; the faults of all. */
async function faultsOf<One>(
  all: readonly One[],
  check: (one: One) => Promise<string | undefined>,
): Promise<string[]> {
  const faults: string[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < all.length; i = next++) {
      const fault = await check(all[i] as One);
      if (fault !== undefined) faults.push(fault);
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, work));
  return faults;
}

test('no key reads or changes what is not its own; foreign and absent are one answer', async () => {
  const routes = h.routes
    .filter(({ url, scope }) => url.startsWith('/v1/') && url.includes('/:') && scope !== undefined)
    .map(({ method, url, scope }) => ({ route: `${method} ${url}`, url, scope: String(scope) }));
  const cases = routes.flatMap(({ route, url, scope }) =>
    callers.flatMap((caller): (Case & { scope: string })[] => {
      const kind = url.split('/')[2] ?? '';
      const own = foreign[kind] ?? [];
      const foreigners = own.map((id) => ({ route, caller, scope, id, twin: absentLike(id) }));
      return [...foreigners, ...NO_IDS.map((id) => ({ route, caller, scope, id }))];
    }),
  );
  const asked = { count: 0 };
  const faults = await faultsOf(cases, async ({ route, caller, scope, id, twin }) => {
    const may = caller.scopes.includes('*') || caller.scopes.includes(scope);
    // The operator's routes know no customer's key at all.
    const should = scope === 'admin' ? [404] : may ? [404, 400] : [403];
    const told = await ask(route, caller.secret, id);
    asked.count += 1;
    if (!should.includes(told.status)) return `${caller.name}: ${route} ${id}: ${told.status} ${told.text}`;
    if (twin === undefined) return undefined;
    const absent = await ask(route, caller.secret, twin);
    asked.count += 1;
    const same = told.status === absent.status && told.text === absent.text;
    return same ? undefined : `${caller.name}: ${route} ${id} differs: ${told.text} ${absent.text}`;
  });
  console.info(
    `foreign and absent ids: ${asked.count} cases over ${routes.length} routes and ${callers.length} keys`,
  );
  expect(faults).toEqual([]);
  expect(asked.count).toBeGreaterThan(5_000);
});

test('a foreign object inside a body or a query is as good as none', async () => {
  const { secret } = callers.find(({ name }) => name === 'everything') ?? { secret: '' };
  const headers = { authorization: `Bearer ${secret}` };
  const strip = async (answer: Response, id: string): Promise<string> =>
    `${answer.status} ${(await answer.text()).replace(/req_[0-9a-f]{24}/g, 'req').replaceAll(`"${id}"`, 'ID')}`;
  const pairs = ['s1', 's2'].map((id) => [id, 'nobody'] as const);
  const what: ((id: string) => Promise<Response>)[] = [
    (id) => h.post('/v1/messages/bulk', bulkBody(1, id), headers),
    (id) =>
      h.post(
        '/v1/messages',
        JSON.stringify({ sender: id, to: '+16505551234', text: { body: 'x' } }),
        headers,
      ),
    (id) => h.post('/v1/jobs/plan', bulkBody(1, id), headers),
    (id) =>
      h.post(
        '/v1/jobs/plan',
        JSON.stringify({ ...JSON.parse(bulkBody(1, 'b1')), what_if: { sender: id } }),
        headers,
      ),
    (id) => h.call(`/v1/jobs?sender=${id}`, { headers }),
    (id) => h.post('/v1/jobs/control', JSON.stringify({ action: 'cancel', filter: { sender: id } }), headers),
  ];
  for (const [theirs, nobodys] of pairs)
    for (const one of what)
      expect(await strip(await one(theirs), theirs)).toBe(await strip(await one(nobodys), nobodys));
});

test('lists and cursors stay within workspace and environment', async () => {
  const lists = h.routes.filter(
    ({ method, url }) =>
      method === 'GET' && /^\/v1\/(jobs|senders|portfolios|keys|webhooks|suppressions|contacts)$/.test(url),
  );
  const theirs = new Set(Object.values(foreign).flat());
  for (const { url } of lists) {
    const own = await h.call(`${url}?limit=1`);
    const { next_cursor } = (await own.json()) as { next_cursor: string | null };
    for (const secret of [SECRETS.bravoKey, SECRETS.acmeTestKey]) {
      const headers = { authorization: `Bearer ${secret}` };
      const { data } = (await (await h.call(url, { headers })).json()) as { data: { id: string }[] };
      expect(data.filter(({ id }) => theirs.has(id))).toEqual([]);
      if (next_cursor !== null)
        expect([url, (await h.call(`${url}?cursor=${next_cursor}`, { headers })).status]).toEqual([url, 400]);
    }
  }
});

test('everything is still there, as it was', async () => {
  for (const [kind, ids] of Object.entries(foreign))
    for (const id of ids) expect([id, (await h.call(`/v1/${kind}/${id}`)).status]).toEqual([id, 200]);
  const { data } = (await (await h.call('/v1/jobs')).json()) as { data: { status: string }[] };
  expect(new Set(data.map(({ status }) => status))).toEqual(new Set(['accepted']));
});
