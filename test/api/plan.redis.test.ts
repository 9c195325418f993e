// POST /v1/jobs/plan: who would be rejected, when the rest would go and what would bind; nothing is kept and nothing is sent.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SECRETS } from '../accounts/sample.ts';
import { redisUrl } from '../support/services.ts';
import { until } from '../support/until.ts';
import { errorOf, type Harness, startHarness } from './harness.ts';

interface Line {
  start: string;
  end: string;
  count: number;
  limit: string | null;
  message: string | null;
}

interface Plan {
  sender: string;
  total: number;
  rejected_count: number;
  duplicate_count: number;
  suppressed_count: number;
  rejected: { index: number; code: string }[];
  duplicates: { index: number; of: number }[];
  timeline: Line[];
  finish_at: string | null;
  p90: string | null;
  expired: number;
  what_if: (Omit<Plan, 'what_if'> & { sender: string }) | null;
}

let h: Harness;
beforeAll(async () => {
  h = await startHarness({ redisUrl: redisUrl() });
});
afterAll(() => h.stop());

const people = (count: number, prefix = '+1650555') =>
  Array.from({ length: count }, (_, i) => ({ to: `${prefix}${1_000 + i}` }));
const bodyOf = (messages: unknown[], more: object = {}) =>
  JSON.stringify({ sender: 's2', text: { body: 'Your order is ready.' }, messages, ...more });

async function plan(messages: unknown[], more: object = {}): Promise<Plan> {
  const answer = await h.post('/v1/jobs/plan', bodyOf(messages, more));
  expect(answer.status).toBe(200);
  return (await answer.json()) as Plan;
}

const secondsTo = (at: string | null) => (Date.parse(at ?? '') - Date.now()) / 1_000;
const sum = (lines: Line[]) => lines.reduce((total, { count }) => total + count, 0);

test('rows that would be rejected, repeats, and when the rest would go; nothing is kept', async () => {
  const before = await h.redis.client.keys(`${h.namespace}*`);
  const made = await plan([...people(800), { to: 'nobody' }, { to: '+16505551000' }]);
  expect(made).toMatchObject({
    total: 800,
    rejected_count: 1,
    duplicate_count: 1,
    expired: 0,
    what_if: null,
  });
  expect(made.rejected).toMatchObject([{ index: 800, code: 'invalid_recipient' }]);
  expect(made.duplicates).toEqual([{ index: 801, of: 0 }]);
  // 800 at 80 a second.
  expect(secondsTo(made.finish_at)).toBeGreaterThan(8.5);
  expect(secondsTo(made.finish_at)).toBeLessThan(12);
  expect(Date.parse(made.p90 ?? '')).toBeGreaterThan(Date.parse(made.finish_at ?? ''));
  expect(sum(made.timeline)).toBe(800);
  expect(made.timeline.map(({ limit }) => limit)).toContain('meta.throughput');
  expect(await h.redis.client.keys(`${h.namespace}*`)).toEqual(before);
  expect(((await (await h.call('/v1/jobs')).json()) as { data: unknown[] }).data).toEqual([]);
});

test('who has opted out is counted, and takes no time', async () => {
  const numbers = people(400, '+1650777').map(({ to }) => to);
  const optOut = (body: object) => h.post('/v1/suppressions', JSON.stringify(body));
  expect((await optOut({ to: numbers })).status).toBe(200);
  // Whether there are opt-outs at all is known half a second later.
  const made = await until(
    async () => {
      const one = await plan(people(800, '+1650777'));
      return one.suppressed_count > 0 ? one : undefined;
    },
    { what: 'the opt-outs are seen' },
  );
  expect(made).toMatchObject({ total: 800, suppressed_count: 400, expired: 0 });
  expect(sum(made.timeline)).toBe(400);
  expect(secondsTo(made.finish_at)).toBeLessThan(7);
});

test('what if: another throughput, another sender', async () => {
  const faster = await plan(people(800), { what_if: { throughput: 400 } });
  expect(secondsTo(faster.what_if?.finish_at ?? null)).toBeLessThan(4);
  expect(secondsTo(faster.finish_at)).toBeGreaterThan(7);
  const other = await plan(people(10), { what_if: { sender: 's1' } });
  expect([other.sender, other.what_if?.sender]).toEqual(['s2', 's1']);
});

test('what if: a smaller messaging limit lets the rest wait for a day', async () => {
  const made = await plan(people(300), { sender: 's1', what_if: { messaging_limit: 250 } });
  expect(secondsTo(made.what_if?.finish_at ?? null) / 86_400).toBeCloseTo(1, 1);
  expect(made.what_if?.timeline.map(({ limit }) => limit)).toContain('meta.messaging_limit');
  expect(sum(made.what_if?.timeline ?? [])).toBe(300);
});

test('times of the job: later, spread, an end, quiet hours', async () => {
  const startMs = Date.now() + 600_000;
  const send_at = new Date(startMs).toISOString();
  const later = await plan(people(100), { send_at, spread: '10m' });
  expect(later.timeline.map(({ limit, count }) => [limit, count])).toEqual([
    ['scheduled', 0],
    ['spread', 100],
  ]);
  expect((Date.parse(later.finish_at ?? '') - startMs) / 60_000).toBeCloseTo(10, 0);
  const cut = await plan(people(1_000), { expires_after: '5s' });
  expect(cut.expired).toBeGreaterThan(500);
  expect(sum(cut.timeline) + cut.expired).toBe(1_000);
  // Whatever the hour is now, it is night in one of these countries.
  const hours = [people(20, '+1650555'), people(10, '+4915112340'), people(10, '+8190123')].flat();
  const quiet = await plan(hours, { quiet_hours: { from: '20:00', to: '08:00', time_zone: 'recipient' } });
  expect(sum(quiet.timeline)).toBe(40);
  expect(quiet.timeline.map(({ limit }) => limit)).toContain('quiet_hours');
});

test('a paused sender has no end, and says why', async () => {
  await h.accounts.change('sender', 's2', { paused: true });
  try {
    expect(await plan(people(5))).toMatchObject({ finish_at: null, p90: null });
  } finally {
    await h.accounts.change('sender', 's2', { paused: false });
  }
});

test('refused as a bulk request is', async () => {
  const answer = (more: object, headers = {}) => h.post('/v1/jobs/plan', bodyOf(people(1), more), headers);
  expect((await answer({}, { authorization: `Bearer ${SECRETS.bravoKey}` })).status).toBe(422);
  expect((await answer({}, { authorization: `Bearer ${SECRETS.acmeReader}` })).status).toBe(403);
  expect(await errorOf(await answer({ what_if: { sender: 'b1' } }))).toMatchObject({
    status: 422,
    details: [{ path: 'what_if.sender' }],
  });
  const { status, details } = await errorOf(await answer({ what_if: { tier: 1 } }));
  expect([status, details?.[0]]).toMatchObject([400, { path: 'what_if.tier', code: 'unknown_field' }]);
  expect(await errorOf(await answer({ colour: 1 }))).toMatchObject({
    status: 400,
    details: [{ path: 'colour' }],
  });
});
