// Rows of a spread job are shown exactly when they are due, by a clock of the test's own: none before, none kept back, and the lane
// says when the next one comes.
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createRedis } from '../../src/base/redis.ts';
import { cursorsOf } from '../../src/lanes/cursor.ts';
import { laneKeys } from '../../src/lanes/keys.ts';
import { createLanes } from '../../src/lanes/lanes.ts';
import { freshNamespace, redisUrl } from '../support/services.ts';

const redis = createRedis(redisUrl(), systemClock);
afterAll(() => redis.close());

const LANE = { home: 's:s1', sender: 's1' };
const START_MS = 1_800_000_000_000;
const FOR_EVER = '9000000000000000';
const WINDOW_ROWS = 256;

/** A lane with its turn open for ever, and one job in it. */
async function openLane(rows: number, spreadMs: number, sendInMs: number, expiresMs: number | undefined) {
  const keys = laneKeys(freshNamespace(), LANE);
  const namespace = keys.lane.split(':')[0] ?? '';
  let nowUs = START_MS * 1_000;
  const lanes = createLanes({ redis, namespace, testClock: () => nowUs });
  const seal = {
    job: 'job_a',
    sender: LANE.sender,
    dies_at: START_MS + 45 * 86_400_000,
    rows,
    created_at: START_MS,
    send_at: START_MS + sendInMs,
    spread_ms: spreadMs,
    ...(expiresMs === undefined ? {} : { expires_at: START_MS + expiresMs }),
  };
  for (const { name, text } of cursorsOf(seal, undefined, START_MS)) {
    await redis.client.hset(keys.cursors, name, text);
    await redis.client.rpush(keys.queues[2], name);
  }
  await redis.client.hset(keys.lane, 'fence', '1', 'until', FOR_EVER);
  return {
    at: async (ms: number) => {
      nowUs = START_MS * 1_000 + ms * 1_000;
      const seen = await lanes.peek(LANE, '1', WINDOW_ROWS);
      if (!seen) throw new Error('the turn is lost');
      return seen;
    },
    /** The first `to` rows have left. */
    moveTo: async (to: number) => {
      const text = (await redis.client.hget(keys.cursors, seal.job)) ?? '';
      await redis.client.hset(keys.cursors, seal.job, text.replace(/^\d+/, String(to)));
    },
    standing: async () => ({
      queued: await redis.client.llen(keys.queues[2]),
      scheduled: await redis.client.zcard(keys.scheduled),
    }),
  };
}

test('row i of n is shown from start + spread × i / n on', async () => {
  const history = fc.record({
    rows: fc.integer({ min: 1, max: 1_000 }),
    spreadMs: fc.integer({ min: 1, max: 30 * 86_400_000 }),
    sendInMs: fc.integer({ min: 0, max: 86_400_000 }),
    moments: fc.array(fc.double({ min: 0, max: 1.2, noNaN: true }), { minLength: 1, maxLength: 12 }),
    share: fc.integer({ min: 0, max: WINDOW_ROWS }),
  });
  await fc.assert(
    fc.asyncProperty(history, async ({ rows, spreadMs, sendInMs, moments, share }) => {
      const lane = await openLane(rows, spreadMs, sendInMs, undefined);
      const dueUs = (row: number) => sendInMs * 1_000 + Math.ceil((spreadMs * 1_000 * row) / rows);
      const dues = Array.from({ length: rows }, (_, i) => dueUs(i));
      let next = 0;
      for (const part of moments.toSorted((a, b) => a - b)) {
        const ms = Math.floor(part * (sendInMs + spreadMs));
        const seen = await lane.at(ms);
        const due = dues.filter((us) => us <= ms * 1_000).length;
        const count = Math.min(WINDOW_ROWS, due - next);
        const shown = seen.runs.map((run) => [run.from, run.count]);
        expect(shown).toEqual(count > 0 ? [[next, count]] : []);
        if (due < rows) expect(seen.nextDueUs - START_MS * 1_000).toBe(dueUs(due));
        // Some of what was shown goes; a job that is not due stands in no queue.
        if (count === 0 && next < rows) expect(await lane.standing()).toEqual({ queued: 0, scheduled: 1 });
        next += Math.min(count, share);
        await lane.moveTo(next);
      }
    }),
    { numRuns: 40 },
  );
});

test('a job that waits for its time ends when it expires', async () => {
  const lane = await openLane(10, 0, 60_000, 90_000);
  expect(await lane.at(0)).toMatchObject({ runs: [], ended: [] });
  expect((await lane.at(60_000)).runs).toHaveLength(1);
  const late = await lane.at(90_000);
  expect(late).toMatchObject({ runs: [], ended: [{ job: 'job_a', cursor: 'job_a' }] });
});
