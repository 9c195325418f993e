// Pages of items: every one once, in order, with its status, tries and result, whatever the page size and filter.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ItemStatus } from '../../src/contract/job.ts';
import { foldChunk } from '../../src/ledger/fold.ts';
import { rowsOf } from '../support/job-entries.ts';
import { type LedgerBench, openLedger, openLedgerIntake, outcome } from '../support/ledger-bench.ts';

const ROWS = 50;
const HOME = 's:s1';
/** By index: accepted, failed, unknown, then the rest is queued; every tenth row is no item. */
const statusOf = (index: number): ItemStatus =>
  index >= 40 ? 'queued' : ((['accepted', 'failed', 'unknown'] as const)[index % 3] ?? 'accepted');
const isItem = (index: number) => index % 10 !== 9;
const indexes = Array.from({ length: ROWS }, (_, i) => i).filter(isItem);

let bench: LedgerBench;

beforeAll(async () => {
  const rows = rowsOf(ROWS).map((row, i) => (isItem(i) ? row : 0));
  bench = await openLedger(await openLedgerIntake(), rows, 8);
  const grants = await bench.take(36);
  const byte = { accepted: 'a', failed: 'f', unknown: 'u' } as const;
  const outcomes = grants.map((grant) => outcome(grant, byte[statusOf(grant.index) as keyof typeof byte]));
  const { whole } = await bench.settle(outcomes);
  expect(whole.map(({ n }) => n)).toEqual([0, 1, 2, 3, 4]);
  // Some chunks are folded, the others still have their lines.
  for (const { view, n } of whole.slice(0, 3))
    await foldChunk(bench.intake.redis, bench.intake.namespace, view.seal, n);
});
afterAll(() => bench?.intake.close());

async function walk(status: ItemStatus | undefined, limit: number) {
  const rows = [];
  for (let from: number | undefined = 0, pages = 0; from !== undefined && pages < 100; pages += 1) {
    const page = await bench.intake.ledger.items(HOME, bench.id, status, from, limit);
    expect(page.rows.length).toBeLessThanOrEqual(limit);
    rows.push(...page.rows);
    from = page.next;
  }
  return rows;
}

test('every item once and in order, at any page size, filtered or not', async () => {
  const status = fc.constantFrom<ItemStatus | undefined>(
    undefined,
    'accepted',
    'failed',
    'unknown',
    'queued',
    'read',
  );
  await fc.assert(
    fc.asyncProperty(status, fc.integer({ min: 1, max: 60 }), async (filter, limit) => {
      const wanted = indexes.filter((index) => filter === undefined || statusOf(index) === filter);
      expect((await walk(filter, limit)).map(({ index }) => index)).toEqual(wanted);
    }),
    { numRuns: 40 },
  );
});

test('an item says what became of it, folded or not', async () => {
  for (const item of await walk(undefined, 20)) {
    const status = statusOf(item.index);
    expect(item).toMatchObject({
      to: `+1650${2_000_000 + item.index}`,
      reference: `row-${item.index}`,
      status,
      attempts: status === 'queued' ? 0 : 1,
      provider_id: status === 'accepted' ? `wamid.${item.index}` : null,
    });
    if (status === 'failed') expect(item.error).toEqual({ code: 'code-f', message: 'said f' });
  }
});

test('a start that does not count is no attempt', async () => {
  const [grant] = await bench.take(1);
  if (!grant) throw new Error('nothing granted');
  await bench.settle([outcome(grant, 'q', { counts: false, written: false })]);
  const [again] = await bench.take(1);
  expect(again).toMatchObject({ index: grant.index, try: 2 });
  if (again) await bench.settle([outcome(again, 'a')]);
  const page = await bench.intake.ledger.items(HOME, bench.id, undefined, grant.index, 1);
  expect(page.rows[0]).toMatchObject({ status: 'accepted', attempts: 1 });
});
