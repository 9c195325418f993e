// Outcomes are facts: applied by rank within a try, in whatever order and however often they come. Counts move only with a status byte.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { entryOf } from '../../src/accept/job-records.ts';
import type { Grant } from '../../workers/dispatch/take.ts';
import type { IntakeBench } from '../support/intake-bench.ts';
import { rowsOf } from '../support/job-entries.ts';
import { type LedgerBench, openLedger, openLedgerIntake, outcome, type To } from '../support/ledger-bench.ts';

let intake: IntakeBench;
const opened: IntakeBench[] = [];
beforeAll(async () => {
  intake = await fresh();
});
afterAll(() => Promise.all(opened.map((one) => one.close())));

/** A lane of its own: one turn at a time. */
async function fresh(): Promise<IntakeBench> {
  const one = await openLedgerIntake();
  opened.push(one);
  return one;
}

const RANK: To[] = ['u', 'a', 'f'];
const highest = (given: readonly To[]): To => RANK[Math.max(...given.map((to) => RANK.indexOf(to)))] ?? 'u';

async function expectTrue(bench: LedgerBench, total: number): Promise<void> {
  const { row, bytes, state } = await bench.counts();
  expect(row).toEqual(bytes);
  expect(Object.values(row).reduce((sum, count) => sum + count, 0)).toBe(total);
  expect(state).toBe((row.q ?? 0) + (row.s ?? 0) === 0 ? 'completed' : 'open');
}

test('any order of unknown, accepted and failed, repeated at will, gives one result', async () => {
  const ROWS = 40;
  const bench = await openLedger(intake, rowsOf(ROWS));
  const grants = await bench.take(ROWS);
  expect(grants).toHaveLength(ROWS);
  const words = fc.array(fc.constantFrom(...RANK), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(words, async (given) => {
      const grant = grants.pop();
      if (!grant) return;
      for (const to of given) await bench.settle([outcome(grant, to)]);
      const items = await intake.ledger.items(grant.view.home, bench.id, undefined, grant.index, 1);
      const name = { u: 'unknown', a: 'accepted', f: 'failed', q: 'queued' }[highest(given)];
      expect(items.rows[0]?.status).toBe(name);
      await expectTrue(bench, ROWS);
    }),
    { numRuns: ROWS },
  );
});

test('the same batch again moves nothing and frees no second place', async () => {
  const bench = await openLedger(await fresh(), rowsOf(8));
  const grants = await bench.take(6);
  const batch = grants.map((grant, i) =>
    outcome(grant, (['a', 'f', 'u', 'q'] as const)[i % 4] ?? 'a', { dueUs: Date.now() * 1_000 + 60_000_000 }),
  );
  expect((await bench.settle(batch)).moved).toBe(6);
  const before = [await bench.counts(), await bench.held()];
  expect((await bench.settle(batch)).moved).toBe(0);
  expect([await bench.counts(), await bench.held()]).toEqual(before);
  await expectTrue(bench, 8);
});

test('one call with two outcomes in one batch frees one place', async () => {
  const bench = await openLedger(await fresh(), rowsOf(4));
  const [first] = await bench.take(3);
  expect(await bench.held()).toBe(3);
  if (first) await bench.settle([outcome(first, 'u'), outcome(first, 'a')]);
  expect(await bench.held()).toBe(2);
  await expectTrue(bench, 4);
});

test('an outcome of an earlier try changes nothing', async () => {
  const bench = await openLedger(await fresh(), rowsOf(1));
  const [first] = await bench.take(1);
  if (!first) throw new Error('nothing granted');
  await bench.settle([outcome(first, 'q')]);
  const [second] = await bench.take(1);
  expect(second?.try).toBe(2);
  expect((await bench.settle([outcome(first, 'f')])).moved).toBe(0);
  await expectTrue(bench, 1);
});

test('what became unknown and then turns out not to have been sent goes back, and its job is not completed any more', async () => {
  const bench = await openLedger(await fresh(), rowsOf(1));
  const [first] = await bench.take(1);
  if (!first) throw new Error('nothing granted');
  await bench.settle([outcome(first, 'u')]);
  await expectTrue(bench, 1);
  await bench.settle([outcome(first, 'q')]);
  await expectTrue(bench, 1);
  const [second] = await bench.take(1);
  if (second) await bench.settle([outcome(second, 'a')]);
  await expectTrue(bench, 1);
});

test('what became unknown in a job that has been canceled, and then turns out not to have been sent, is canceled too', async () => {
  const bench = await openLedger(await fresh(), rowsOf(2));
  const [late, other] = await bench.take(2);
  if (!late || !other) throw new Error('two were offered');
  const { job, home, sender, fingerprint, dies_at } = bench.seal;
  const name = { v: 1 as const, type: 'control' as const, job, home, sender, fingerprint, dies_at };
  await bench.intake.deliver(entryOf({ ...name, seq: 1, at: 1, action: 'cancel' }));
  await bench.settle([outcome(late, 'u'), outcome(other, 'a')]);
  expect((await bench.counts()).state).toBe('canceled');
  await bench.settle([outcome(late, 'q')]);
  const { row, bytes, state } = await bench.counts();
  expect([await bench.bytes(), state]).toEqual(['ca', 'canceled']);
  expect(row).toEqual(bytes);
});

test('counts add up after every step of any history', async () => {
  const ROWS = 13;
  const step = fc.tuple(fc.nat(9), fc.constantFrom<To[]>('a', 'f', 'u', 'q'), fc.nat(100), fc.boolean());
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const bench = await openLedger(await fresh(), rowsOf(ROWS), 5);
      const flying: Grant[] = [];
      const settled: Grant[] = [];
      for (const [want, to, pick, late] of steps) {
        if (want > 4) flying.push(...(await bench.take(want - 4)));
        const from = late ? settled : flying;
        const grants = from.slice(pick % Math.max(1, from.length)).slice(0, 3);
        if (grants.length > 0) await bench.settle(grants.map((grant) => outcome(grant, to)));
        settled.push(...grants);
        for (const grant of grants) if (flying.includes(grant)) flying.splice(flying.indexOf(grant), 1);
        await expectTrue(bench, ROWS);
        expect(await bench.held()).toBe(flying.length);
      }
    }),
    { numRuns: 40 },
  );
});
