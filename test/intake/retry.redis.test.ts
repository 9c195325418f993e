// Records of retries and cancels in the log, read again and late: each moves an item once, and the counts stay those of the bytes.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { entryOf } from '../../src/accept/job-records.ts';
import type { ControlRecord, RetryRun } from '../../src/contract/record.ts';
import type { IntakeBench } from '../support/intake-bench.ts';
import { rowsOf } from '../support/job-entries.ts';
import { type LedgerBench, openLedger, openLedgerIntake, outcome } from '../support/ledger-bench.ts';

const ROWS = 4;
let intake: IntakeBench;
let bench: LedgerBench;
afterEach(() => intake.close());
beforeEach(async () => {
  intake = await openLedgerIntake();
  bench = await openLedger(intake, rowsOf(ROWS));
  const grants = await bench.take(ROWS);
  await bench.settle(grants.map((grant) => outcome(grant, 'f')));
  expect(await bench.bytes()).toBe('ffff');
});

const control = (over: Partial<ControlRecord>) => {
  const { job, home, sender, fingerprint, dies_at } = bench.seal;
  const name = { v: 1 as const, type: 'control' as const, job, home, sender, fingerprint, dies_at };
  return entryOf({ ...name, seq: 1, at: 1, action: 'retry', ...over });
};
const retry = (seq: number, runs: RetryRun[]) => intake.deliver(control({ seq, retry: runs }));

async function expectSame(): Promise<void> {
  const counts = await bench.counts();
  expect(counts.row).toEqual(counts.bytes);
}

test('a record moves an item once, however often it is read', async () => {
  await retry(1, [[0, 2, 1]]);
  expect([await bench.bytes(), (await bench.counts()).state]).toEqual(['qqff', 'open']);
  await retry(1, [[0, 2, 1]]);
  await expectSame();
  const again = await bench.take(ROWS);
  expect(again.map(({ index, try: attempt }) => [index, attempt]).toSorted()).toEqual([
    [0, 2],
    [1, 2],
  ]);
  await bench.settle(again.map((grant) => outcome(grant, 'f')));
  await retry(1, [[0, 2, 1]]);
  expect([await bench.bytes(), (await bench.counts()).state]).toEqual(['ffff', 'completed']);
  await expectSame();
});

test('an item that was tried until nothing more was left to try has its attempts anew', async () => {
  await retry(1, [[0, 1, 1]]);
  const later = { maxAttempts: 1, dueUs: 0 };
  const [grant] = await bench.take(1);
  if (!grant) throw new Error('nothing was granted');
  await bench.settle([outcome(grant, 'q', { ...later, maxAttempts: 2 })]);
  expect((await bench.bytes())[0]).toBe('q');
  const [last] = await bench.take(1);
  if (!last) throw new Error('nothing was granted');
  await bench.settle([outcome(last, 'q', { ...later, maxAttempts: 2 })]);
  expect((await bench.bytes())[0]).toBe('f');
  await expectSame();
});

test('a cancel that came after the retry counts, and one that came before is not applied twice', async () => {
  await retry(1, [[0, 1, 1]]);
  const cancel = control({ seq: 3, action: 'cancel' });
  await intake.deliver(cancel);
  expect([await bench.bytes(), (await bench.counts()).state]).toEqual(['cfff', 'canceled']);
  await retry(2, [[1, 1, 1]]);
  expect(await bench.bytes()).toBe('cfff');
  await retry(4, [[2, 1, 1]]);
  await intake.deliver(cancel);
  expect([await bench.bytes(), (await bench.counts()).state]).toEqual(['cfqf', 'open']);
  await expectSame();
});
