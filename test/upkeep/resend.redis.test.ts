// `on_unknown: resend`: once more, after its time, and never a third time; not where a receipt has told, and not where the job did not ask.
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { resendKey } from '../../src/ledger/keys.ts';
import { resendDue } from '../../workers/upkeep/resend.ts';
import type { IntakeBench } from '../support/intake-bench.ts';
import { rowsOf } from '../support/job-entries.ts';
import {
  type LedgerBench,
  openLedger,
  openLedgerIntake,
  outcome,
  receiptOf,
} from '../support/ledger-bench.ts';

const TEN_MINUTES_MS = 600_000;
const opened: IntakeBench[] = [];
afterEach(async () => {
  for (const intake of opened.splice(0)) await intake.close();
});

async function open(policy: 'hold' | 'resend', rows: number): Promise<LedgerBench> {
  const intake = await openLedgerIntake();
  opened.push(intake);
  return openLedger(intake, rowsOf(rows), 4, policy);
}

/** Upkeep's step, so much later. */
async function upkeep({ intake }: LedgerBench, laterMs: number): Promise<void> {
  const { redis, namespace, ledger, tickets } = intake;
  const clock = { ...systemClock, now: () => systemClock.now() + laterMs };
  const add = async (ticket: (typeof tickets)[number]) => void tickets.push(ticket);
  const options = { redis, namespace, ledger, logger: silentLogger, tickets: { add }, clock };
  await resendDue({ ...options, resendAfterMs: TEN_MINUTES_MS });
}

test('an unknown item goes once more after its time, marked, and never a third time', async () => {
  const bench = await open('resend', 6);
  const grants = await bench.take(6);
  await bench.settle(grants.map((grant, i) => outcome(grant, i < 3 ? 'u' : 'a')));
  expect((await bench.counts()).state).toBe('completed');
  await upkeep(bench, TEN_MINUTES_MS - 60_000);
  expect(await bench.bytes()).toBe('uuuaaa');
  await upkeep(bench, TEN_MINUTES_MS + 1_000);
  expect(await bench.bytes()).toBe('qqqaaa');
  const { row, bytes, state } = await bench.counts();
  expect([row, state]).toEqual([bytes, 'open']);
  await upkeep(bench, TEN_MINUTES_MS + 1_000);

  const again = await bench.take(6);
  expect(again.map(({ index, try: attempt }) => [index, attempt])).toEqual([
    [0, 2],
    [1, 2],
    [2, 2],
  ]);
  await bench.settle(again.map((grant) => outcome(grant, grant.index === 0 ? 'a' : 'u')));
  await upkeep(bench, 10 * TEN_MINUTES_MS);
  expect(await bench.bytes()).toBe('auuaaa');
  expect((await bench.counts()).state).toBe('completed');
  const { rows } = await bench.intake.ledger.items('s:s1', bench.id, undefined, 0, 10);
  expect(rows.map(({ possible_duplicate }) => possible_duplicate ?? false)).toEqual([
    ...[true, true, true],
    ...[false, false, false],
  ]);
  // Nothing is left to look at.
  expect(await bench.intake.redis.client.zcard(resendKey(bench.intake.namespace))).toBe(0);
});

test('a receipt in time keeps it from going again, and one that comes later still wins over the queue', async () => {
  const bench = await open('resend', 3);
  const grants = await bench.take(3);
  await bench.settle(grants.map((grant) => outcome(grant, 'u')));
  await bench.receive([receiptOf(0, 1, 'sent')]);
  await upkeep(bench, TEN_MINUTES_MS + 1_000);
  expect(await bench.bytes()).toBe('aqq');
  await bench.receive([receiptOf(1, 1, 'delivered')]);
  expect((await bench.take(3)).map(({ index }) => index)).toEqual([2]);
  expect(await bench.bytes()).toBe('ads');
});

test('a job that did not ask for it keeps its unknowns', async () => {
  const bench = await open('hold', 2);
  await bench.settle((await bench.take(2)).map((grant) => outcome(grant, 'u')));
  await upkeep(bench, 10 * TEN_MINUTES_MS);
  expect(await bench.bytes()).toBe('uu');
});
