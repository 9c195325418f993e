// Walks src/ledger/states.md: every cell of its tables, against the scripts that settle outcomes and merge receipts.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { STATUS_BYTE } from '../../src/contract/job.ts';
import type { Grant } from '../../workers/dispatch/take.ts';
import type { Receipt } from '../../workers/receipts/merge.ts';
import { root } from '../rules/sources.ts';
import { rowsOf } from '../support/job-entries.ts';
import {
  type LedgerBench,
  openLedger,
  openLedgerIntake,
  outcome,
  receiptOf,
  type To,
} from '../support/ledger-bench.ts';

interface Cell {
  from: string;
  column: string;
  to: string;
}

const EARLIER = ', of an earlier try';
const TRY = 3;

/** The cells of the table under a heading. */
function tableOf(heading: string): Cell[] {
  const page = readFileSync(path.join(root, 'src/ledger/states.md'), 'utf8');
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const [head = [], , ...body] = rows;
  return body.flatMap(([from = '', ...cells]) =>
    cells.map((to, at) => ({ from, column: head[at + 1] ?? '', to: to === '=' ? from : to })),
  );
}

let bench: LedgerBench;
let grant: Grant;
beforeAll(async () => {
  bench = await openLedger(await openLedgerIntake(), rowsOf(8));
  const [first] = await bench.take(1);
  if (!first) throw new Error('nothing was granted');
  grant = first;
});
afterAll(() => bench.intake.close());

async function expectCell({ from, to }: Cell, bring: () => Promise<unknown>): Promise<void> {
  const { index } = grant;
  await bench.force(index, from, TRY);
  await bring();
  const bytes = await bench.bytes();
  expect(bytes[index]).toBe(to);
  await bring();
  expect((await bench.bytes())[index], 'a repeat changes nothing').toBe(to);
  const counts = await bench.counts();
  expect({ ...counts.row }, 'counts move with the byte').toEqual(counts.bytes);
}

const outcomes = tableOf('Outcomes');
const receipts = tableOf('Receipts');
const TO: Record<string, To> = { accepted: 'a', failed: 'f', unknown: 'u', later: 'q' };

test('both tables have a row for every state', () => {
  const states = Object.values(STATUS_BYTE).toSorted();
  for (const table of [outcomes, receipts])
    expect([...new Set(table.map(({ from }) => from))].toSorted()).toEqual(states);
  expect(outcomes).toHaveLength(5 * states.length);
  expect(receipts).toHaveLength(8 * states.length);
});

test.each(outcomes)('outcome $column: $from → $to', async (cell) => {
  const earlier = cell.column.endsWith(EARLIER);
  const kinds = earlier ? Object.values(TO) : [TO[cell.column] ?? 'a'];
  for (const to of kinds) {
    const told = { ...grant, try: earlier ? TRY - 1 : TRY };
    await expectCell(cell, () => bench.settle([outcome(told, to, { dueUs: Date.now() * 2_000 })]));
  }
});

test.each(receipts)('receipt $column: $from → $to', async (cell) => {
  const earlier = cell.column.endsWith(EARLIER);
  const status = cell.column.replace(EARLIER, '') as Receipt['status'];
  await expectCell(cell, () => bench.receive([receiptOf(grant.index, earlier ? TRY - 1 : TRY, status)]));
});
