// What a message costs in Redis once it has been delivered and read, with its id; and how fast receipts are worked off.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { systemClock as clock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import type { ReceiptStatus, StatusesRecord } from '../../src/contract/receipt.ts';
import { createStatuses } from '../../workers/receipts/statuses.ts';
import { seededRandom } from '../support/dice.ts';
import { rowsOf } from '../support/job-entries.ts';
import { openLedger, openLedgerIntake, outcome } from '../support/ledger-bench.ts';

const ROWS = 5_000;
const CHUNK_ROWS = 500;
const MAX_BYTES_EACH = 85;
const RECORD_STATUSES = 20;

/** As Meta mints them: the recipient's number and 18 random digits. */
const wamid = (index: number): string => {
  const serial = randomBytes(9).toString('hex').toUpperCase();
  const bytes = `\x1c\x18\x0b1650${2_000_000 + index}\x15\x02\x00\x11\x18\x12${serial}\x00`;
  return `wamid.${Buffer.from(bytes, 'latin1').toString('base64')}`;
};

test(`delivered and read: at most ${MAX_BYTES_EACH} bytes of Redis each`, async () => {
  const intake = await openLedgerIntake();
  const bench = await openLedger(intake, rowsOf(ROWS), CHUNK_ROWS);
  const { redis, namespace } = intake;
  const ids = Array.from({ length: ROWS }, (_, index) => wamid(index));
  for (let taken = 0; taken < ROWS; ) {
    const grants = await bench.take(100);
    taken += grants.length;
    const accepted = grants.map((grant) => {
      const providerId = ids[grant.index] ?? '';
      return outcome(grant, 'a', {
        result: { index: grant.index, atMs: clock.now(), providerId, error: null },
      });
    });
    await bench.settle(accepted);
  }
  const row = await intake.ledger.row('s:s1', bench.id);
  const statuses = createStatuses({
    redis,
    namespace,
    clock,
    logger: silentLogger,
    metrics: createMetrics(),
    findJob: async () => row?.seal,
    aftermathOf: () => undefined,
    isOptOut: () => false,
    suppressions: { add: async () => [] },
    personOf: () => '',
    toldOf: () => '',
  });
  const random = seededRandom(4);
  const all = ids.flatMap((id, index) =>
    (['sent', 'delivered', 'read'] as const).map((status): [number, ReceiptStatus] => [
      random(),
      { id, status, at: clock.now(), index, try: 1 },
    ]),
  );
  const told = all.toSorted(([a], [b]) => a - b).map(([, status]) => status);
  const startedMs = performance.now();
  for (let at = 0; at < told.length; at += 64 * RECORD_STATUSES) {
    const together = told.slice(at, at + 64 * RECORD_STATUSES);
    const records = Array.from({ length: 64 }, (_, i): StatusesRecord => {
      const own = together.slice(i * RECORD_STATUSES, (i + 1) * RECORD_STATUSES);
      const base = { v: 1, type: 'statuses', workspace: 'acme', environment: 'live' } as const;
      return { ...base, at: clock.now(), sender: 's1', job: bench.id, statuses: own };
    });
    await Promise.all(records.map((record) => statuses.take(record)));
  }
  const perSecond = Math.round((told.length / (performance.now() - startedMs)) * 1_000);
  expect((await bench.counts()).bytes).toMatchObject({ r: ROWS });
  const { rows } = await intake.ledger.items('s:s1', bench.id, 'read', 0, 1_000);
  expect(rows.map(({ provider_id }) => provider_id)).toEqual(ids.slice(0, 1_000));

  let bytes = 0;
  for (const key of await redis.client.keys(`${namespace}:{s:s1}:job:*`))
    bytes += Number(await redis.client.memory('USAGE', key, 'SAMPLES', 0));
  const each = Math.round((bytes / ROWS) * 10) / 10;
  console.info(`${each} bytes of Redis for each message that was read; ${perSecond} receipts/s worked off`);
  expect(each).toBeLessThanOrEqual(MAX_BYTES_EACH);
  await intake.close();
});
