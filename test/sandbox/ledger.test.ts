// What the ledger says about what arrived, over real HTTP.
import { request as httpRequest } from 'node:http';
import { expect, test } from 'vitest';
import { Arrivals, MAX_ARRIVALS } from '../../sandbox/ledger/arrivals.ts';
import { openSandbox, type Row, textTo } from './client.ts';

const to = (index: number) => `+1650${String(index).padStart(7, '0')}`;

test('recipients, repeats and duplicate attempts are counted apart', async () => {
  const { send, report } = await openSandbox();
  await send(textTo(to(1), 'att_1'));
  await send(textTo(to(2), 'att_2'));
  await send(textTo(to(2), 'att_2b'));
  await send(textTo(to(3), 'att_1'));
  await send(textTo(to(1), 'att_4'), '200');
  const { totals, recipients, repeats, repeat_examples, duplicate_attempts } = await report();
  expect(totals).toMatchObject({ arrivals: 5, taken: 5, answered_ok: 5, pending: 0 });
  expect([recipients, repeats, duplicate_attempts]).toEqual([4, 1, 1]);
  expect(repeat_examples).toEqual([{ number: '100', to: to(2).slice(1), taken: 2 }]);
});

test('what was refused is neither a repeat nor a duplicate', async () => {
  const { send, control, report } = await openSandbox();
  await control('POST', 'faults', { kind: 'throttle', count: 3 });
  for (let index = 0; index < 4; index += 1) await send(textTo(to(1), 'att_1'));
  expect(await report()).toMatchObject({ recipients: 1, repeats: 0, duplicate_attempts: 0 });
});

test('over the limit: refused, counted as a violation, and the highest window sees all that arrived', async () => {
  const { send, control, report } = await openSandbox();
  await control('PUT', 'numbers/100', { throughput: 10, windows: [{ count: 1000, per_ms: 60_000 }] });
  const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => send(textTo(to(index)))));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
  const { violations, numbers } = await report('?number=100');
  expect(violations).toEqual({ total: 20, throughput: 20, window: 0, pair: 0, unique: 0 });
  expect(numbers['100']).toMatchObject({
    arrivals: 30,
    taken: 10,
    limit: 10,
    highest: { '1000ms': 30, '60000ms': 30 },
  });
});

test('further windows are enforced as well', async () => {
  const { send, control, report } = await openSandbox();
  await control('PUT', 'numbers/100', { windows: [{ count: 3, per_ms: 60_000 }] });
  const statuses: number[] = [];
  for (let index = 0; index < 4; index += 1) {
    await control('PUT', 'settings', { clock_offset_ms: (index + 1) * 10_000 });
    statuses.push((await send(textTo(to(index)))).status);
  }
  expect(statuses).toEqual([200, 200, 200, 400]);
  await control('PUT', 'settings', { clock_offset_ms: 75_000 });
  expect((await send(textTo(to(9)))).status).toBe(200);
  const { violations, numbers } = await report();
  expect(violations).toMatchObject({ total: 1, window: 1 });
  expect(numbers['100']?.highest).toEqual({ '1000ms': 1, '60000ms': 4 });
});

test('a number that does not enforce accepts everything and counts what was broken', async () => {
  const { send, control, report } = await openSandbox();
  await control('PUT', 'portfolios/bm', { limit: 1 });
  await control('PUT', 'numbers/100', { throughput: 2, enforce: false, portfolio: 'bm' });
  const answers = await Promise.all(Array.from({ length: 5 }, (_, index) => send(textTo(to(index)))));
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  const { totals, violations } = await report();
  expect(totals).toMatchObject({ arrivals: 5, taken: 5, refused: {} });
  expect(violations).toEqual({ total: 7, throughput: 3, window: 0, pair: 0, unique: 4 });
});

test('a breach that was let through pays off no debt of its pair', async () => {
  const { send, control, report } = await openSandbox();
  await control('PUT', 'numbers/100', { enforce: false });
  const broken: number[] = [];
  // Two in the first 6 s close the pair until 12 s: what comes at 7 s and at 11 s is early, what comes at 13 s is not.
  for (const offsetMs of [0, 3000, 7000, 11_000, 13_000]) {
    await control('PUT', 'settings', { clock_offset_ms: offsetMs });
    expect((await send(textTo(to(1)))).status).toBe(200);
    broken.push((await report()).violations.pair ?? 0);
  }
  expect(broken).toEqual([0, 0, 1, 2, 2]);
});

test('the smallest gap of a pair, of what was taken and of all that arrived', async () => {
  const { send, control, report } = await openSandbox();
  const at = (offsetMs: number) => control('PUT', 'settings', { clock_offset_ms: offsetMs });
  await send(textTo(to(1)));
  await at(20_000);
  await control('POST', 'faults', { kind: 'throttle', count: 1 });
  await send(textTo(to(1)));
  await at(26_000);
  await send(textTo(to(1)));
  const report100 = (await report()).numbers['100'];
  expect(report100?.smallest_pair_gap_ms).toBeGreaterThanOrEqual(26_000);
  expect(report100?.smallest_pair_arrival_gap_ms).toBeGreaterThanOrEqual(6000);
  expect(report100?.smallest_pair_arrival_gap_ms).toBeLessThan(20_000);
  expect(report100?.span_ms).toBeGreaterThanOrEqual(26_000);
});

test('raw rows are paged in order, for all numbers or for one', async () => {
  const { send, request, rows } = await openSandbox();
  for (let index = 0; index < 5; index += 1)
    await send(textTo(to(index), `att_${index}`), index % 2 ? '1' : '2');
  await send('not json', '1');
  const first = await request('GET', '/ledger/arrivals?limit=2');
  const page = JSON.parse(first.text) as { arrivals: Row[]; next_since: number | null };
  expect(page.arrivals.map(({ seq, ref }) => [seq, ref])).toEqual([
    [1, 'att_0'],
    [2, 'att_1'],
  ]);
  expect(page.next_since).toBe(2);
  expect((await rows('?since=2')).map(({ seq }) => seq)).toEqual([3, 4, 5, 6]);
  const ofOne = await rows('?number=1');
  expect(ofOne.map(({ seq, outcome, code, to: whom }) => [seq, outcome, code, whom])).toEqual([
    [2, 'accepted', null, to(1).slice(1)],
    [4, 'accepted', null, to(3).slice(1)],
    [6, 'refused', 100, null],
  ]);
  const all = await rows();
  expect(all.every((row, index) => index === 0 || row.at_us >= (all[index - 1]?.at_us ?? 0))).toBe(true);
  expect(Math.abs(Date.parse(String(all[0]?.at)) - Date.now())).toBeLessThan(60_000);
});

test('a number nobody has heard of is not found, and bad paging is refused', async () => {
  const { request } = await openSandbox();
  expect((await request('GET', '/ledger?number=5')).status).toBe(404);
  expect((await request('GET', '/ledger/arrivals?number=5')).status).toBe(404);
  for (const query of ['limit=0', 'limit=10001', 'since=-1', 'since=x']) {
    expect((await request('GET', `/ledger/arrivals?${query}`)).status).toBe(400);
  }
});

test('an arrival is stamped when its head is seen, and a body that never comes is told apart', async () => {
  const { url, rows, report } = await openSandbox();
  const headers = { authorization: 'Bearer t', 'content-length': '100', expect: '100-continue' };
  const half = httpRequest(`${url}/v23.0/100/messages`, { method: 'POST', headers });
  half.on('error', () => undefined);
  // The server says "continue" right before it hands the head over.
  await new Promise<void>((resolve) => {
    half.on('continue', resolve);
    half.flushHeaders();
  });
  await expect
    .poll(async () => (await report()).totals)
    .toMatchObject({ arrivals: 1, pending: 1, aborted: 0 });
  expect((await rows())[0]).toMatchObject({ outcome: 'pending', taken: false });
  half.destroy();
  await expect
    .poll(async () => (await report()).totals)
    .toMatchObject({ arrivals: 1, pending: 0, aborted: 1 });
});

test('the ledger is bounded: the oldest rows go, and are counted', () => {
  const forgottenRefs: string[] = [];
  const arrivals = new Arrivals((ref) => forgottenRefs.push(ref));
  for (let index = 0; index < MAX_ARRIVALS + 1; index += 1) {
    const seq = arrivals.open(1, index, index);
    if (seq <= 2) arrivals.address(seq, 16505551234, `att_${seq}`);
  }
  expect(arrivals.forgotten).toBeGreaterThan(0);
  expect(forgottenRefs).toEqual(['att_1', 'att_2']);
  const [oldest] = arrivals.page(0, 1, undefined, String);
  expect(oldest?.seq).toBe(arrivals.forgotten + 1);
  expect(oldest?.at_us).toBe(arrivals.forgotten);
  arrivals.close(1, 'accepted', 0);
});
