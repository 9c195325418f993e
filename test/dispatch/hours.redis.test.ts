// A look at a lane within quiet hours: each recipient by the clock of their country, also those that wait alone for another try.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock as clock } from '../../src/base/clock.ts';
import type { Row } from '../../src/contract/record.ts';
import { laneKeys } from '../../src/lanes/keys.ts';
import { createLanes } from '../../src/lanes/lanes.ts';
import { withinHours } from '../../workers/dispatch/hours.ts';
import { createJobs } from '../../workers/dispatch/jobs.ts';
import { createZoneRows } from '../../workers/dispatch/zone-rows.ts';
import { type IntakeBench, openIntake } from '../support/intake-bench.ts';
import { jobEntries } from '../support/job-entries.ts';

const LANE = { home: 's:s1', sender: 's1' };
const MINUTE_MS = 60_000;
const [BERLIN, TOKYO, NOWHERE] = ['+4915112345', '+81901234', '+88216123456'];
/** Berlin, Tokyo, Berlin, Tokyo, Tokyo, nowhere. */
const ROWS: Row[] = [
  `${BERLIN}100`,
  `${TOKYO}1001`,
  `${BERLIN}102`,
  `${TOKYO}1003`,
  `${TOKYO}1004`,
  `${NOWHERE}78`,
].map((to) => [to]);
let bench: IntakeBench;
beforeAll(async () => {
  bench = await openIntake(LANE.home);
});
afterAll(() => bench?.close());

/** What a clock in Berlin shows so many minutes from now. */
const berlin = (minutes: number): string =>
  new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', hour: '2-digit', minute: '2-digit' }).format(
    Date.now() + minutes * MINUTE_MS,
  );

test('rows of an open zone are shown, those of a quiet one wait, alone or in their cursor', async () => {
  const { redis, namespace } = bench;
  const quietHours = { from: berlin(-60), to: berlin(120), time_zone: 'recipient' };
  const { seal, chunks, sealed } = jobEntries({ ...LANE, rows: ROWS, chunkRows: 4, quietHours });
  for (const entry of [...chunks, sealed]) await bench.deliver(entry);
  const keys = laneKeys(namespace, LANE);
  // A Berliner, a Tokyoite and nobody knows who were refused for now, and are due again.
  const alone = [0, 1, 5].map((index) => `${seal.job}:${index}:r`);
  await redis.client.zadd(keys.later, ...alone.flatMap((member) => [1, member]));
  const lanes = createLanes({ redis, namespace });
  const turn = await lanes.open(LANE, bench.tickets.at(-1)?.n ?? '', clock.randomHex(8));
  const seen = await lanes.peek(LANE, turn.state === 'open' ? turn.fence : '', 100);
  if (!seen) throw new Error('the turn is lost');
  const context = {
    lanes,
    jobs: createJobs(redis, namespace, clock),
    zoneRows: createZoneRows(redis, namespace),
  };
  const look = await withinHours(context, LANE, seen);

  expect(look.later.map(({ index }) => index)).toEqual([1]);
  expect(look.runs.map(({ from, count }) => [from, count])).toEqual([
    [1, 1],
    [3, 2],
  ]);
  const [berliner, tokyoite, nobody] = (await redis.client.zmscore(keys.later, ...alone)).map(Number);
  const opensMs = Number(berliner) / 1_000 - Date.now();
  expect(opensMs).toBeGreaterThan(118 * MINUTE_MS);
  expect(opensMs).toBeLessThan(122 * MINUTE_MS);
  expect(tokyoite).toBe(1);
  // Until the job dies.
  expect(nobody).toBe(seal.dies_at * 1_000);
});

test('a cursor whose span is over is told the next', async () => {
  const { redis, namespace } = bench;
  const quietHours = { from: berlin(60), to: berlin(120), time_zone: 'Europe/Berlin' };
  const { seal, chunks, sealed } = jobEntries({ ...LANE, sender: 's2', rows: ROWS, quietHours });
  for (const entry of [...chunks, sealed]) await bench.deliver(entry);
  const lane = { ...LANE, sender: 's2' };
  const { cursors } = laneKeys(namespace, lane);
  const words = ((await redis.client.hget(cursors, seal.job)) ?? '').split(' ');
  words[6] = '1';
  await redis.client.hset(cursors, seal.job, words.join(' '));
  const lanes = createLanes({ redis, namespace });
  const turn = await lanes.open(lane, bench.tickets.at(-1)?.n ?? '', clock.randomHex(8));
  const fence = turn.state === 'open' ? turn.fence : '';
  const context = {
    lanes,
    jobs: createJobs(redis, namespace, clock),
    zoneRows: createZoneRows(redis, namespace),
  };
  const closed = await lanes.peek(lane, fence, 100);
  expect(closed).toMatchObject({ runs: [], closed: [{ cursor: seal.job }] });
  if (closed) expect((await withinHours(context, lane, closed)).nextDueUs).toBe(closed.nowUs);
  const open = await lanes.peek(lane, fence, 100);
  expect(open?.runs.map(({ from, count }) => [from, count])).toEqual([[0, ROWS.length]]);
  // The look must be renewed half a second before the hours begin.
  const renewMs = Number(open?.nextDueUs) / 1_000 - Date.now();
  expect(renewMs).toBeGreaterThan(58 * MINUTE_MS);
  expect(renewMs).toBeLessThan(60 * MINUTE_MS);
});
