// The rows of one zone among all rows of a job: those that a plain look at every row finds.
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createRedis } from '../../src/base/redis.ts';
import { jobKeys } from '../../src/ledger/keys.ts';
import { createZoneRows } from '../../workers/dispatch/zone-rows.ts';
import { jobEntries, rowsOf } from '../support/job-entries.ts';
import { freshNamespace, redisUrl } from '../support/services.ts';

const redis = createRedis(redisUrl(), systemClock);
afterAll(() => redis.close());
const namespace = freshNamespace();

/** A job whose rows lie in the zone sets of `bytes`, the same list again and again. */
async function jobOf(bytes: Buffer) {
  const { seal } = jobEntries({ home: 's:s1', sender: 's1', rows: rowsOf(1) });
  const view = { home: seal.home, seal: { ...seal, rows: bytes.length }, spans: [] };
  await redis.client.set(jobKeys(namespace, seal.home, seal.job, seal.fingerprint).zones, bytes);
  return view;
}

test('neighbours together, in order, at most as many as asked for, none at or behind the due row', async () => {
  const history = fc.record({
    zones: fc.array(fc.nat(3), { minLength: 1, maxLength: 400 }),
    zone: fc.nat(3),
    from: fc.nat(420),
    due: fc.nat(420),
    count: fc.integer({ min: 1, max: 50 }),
  });
  await fc.assert(
    fc.asyncProperty(history, async ({ zones, zone, from, due, count }) => {
      const view = await jobOf(Buffer.from(zones));
      const found = await createZoneRows(redis, namespace).find(view, zone, from, due, count);
      const mine = zones.flatMap((one, row) => (one === zone && row >= from ? [row] : []));
      const wanted = mine.filter((row) => row < due).slice(0, count);
      expect(found.runs.flatMap((run) => Array.from({ length: run.count }, (_, i) => run.from + i))).toEqual(
        wanted,
      );
      expect(
        found.runs.every(
          ({ from: at, count: rows }) =>
            zones[at + rows] !== zone || wanted.length === count || at + rows >= due,
        ),
      ).toBe(true);
      expect(found.next).toBe(mine[wanted.length] ?? zones.length);
    }),
    { numRuns: 100 },
  );
});

test('a row of a zone that stands alone far behind is found over many slices', async () => {
  const bytes = Buffer.alloc(300_000, 1);
  bytes[299_999] = 0;
  const view = await jobOf(bytes);
  const rows = createZoneRows(redis, namespace);
  expect(await rows.find(view, 0, 0, 300_000, 16)).toEqual({
    runs: [{ from: 299_999, count: 1 }],
    next: 300_000,
  });
  expect(await rows.find(view, 0, 0, 100_000, 16)).toEqual({ runs: [], next: 299_999 });
  expect(await rows.zoneAt(view, 299_999)).toBe(0);
  expect(await rows.zoneAt(view, 299_998)).toBe(1);
});
