// Controls of one job in any order, again and again, before and after it is in its lane: the outcome is what their numbers say, and the job
// stands in exactly one place.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { entryOf } from '../../src/accept/job-records.ts';
import { PRIORITIES } from '../../src/contract/job.ts';
import type { ControlRecord, JobChanges } from '../../src/contract/record.ts';
import { laneKeys } from '../../src/lanes/keys.ts';
import { jobRowKey } from '../../src/ledger/keys.ts';
import { type IntakeBench, openIntake } from '../support/intake-bench.ts';
import { jobEntries, rowsOf } from '../support/job-entries.ts';

const LANE = { home: 's:s1', sender: 's1' };
const ROWS = 9;
const HOUR_MS = 3_600_000;
let bench: IntakeBench;
beforeAll(async () => {
  bench = await openIntake(LANE.home);
});
afterAll(() => bench?.close());

type Order = Pick<ControlRecord, 'action' | 'changes'>;

const changes = fc
  .record(
    {
      send_at: fc.constantFrom(null, 1, 2).map((hours) => hours && Date.now() + hours * HOUR_MS),
      spread_ms: fc.constantFrom(null, 60_000, 120_000),
      priority: fc.constantFrom(...PRIORITIES),
    },
    { requiredKeys: [] },
  )
  .filter((one) => Object.keys(one).length > 0);
const order: fc.Arbitrary<Order> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<Order>({ action: 'pause' }, { action: 'resume' }) },
  { weight: 4, arbitrary: changes.map((one): Order => ({ action: 'patch', changes: one })) },
  { weight: 1, arbitrary: fc.constant<Order>({ action: 'cancel' }) },
);

/** What the controls say, in the order of their numbers. */
function expected(orders: readonly Order[]) {
  const switches = orders.filter(({ action }) => action === 'pause' || action === 'resume');
  const canceled = orders.some(({ action }) => action === 'cancel');
  const patch = Object.assign({}, ...orders.map((one) => one.changes)) as JobChanges;
  return {
    state: canceled ? 'canceled' : switches.at(-1)?.action === 'pause' ? 'paused' : 'open',
    sendAt: patch.send_at ?? undefined,
    spreadMs: patch.spread_ms ?? undefined,
    priority: patch.priority ?? ('bulk' as const),
  };
}

/** Where the job stands in its lane. */
async function placesOf(job: string): Promise<string[]> {
  const { client } = bench.redis;
  const keys = laneKeys(bench.namespace, LANE);
  const queues = await Promise.all(keys.queues.map((queue) => client.lrange(queue, 0, -1)));
  const scheduled = await client.zrange(keys.scheduled, '0', '-1');
  return [
    ...queues.flatMap((names, i) => names.filter((name) => name === job).map(() => `${PRIORITIES[i]} queue`)),
    ...scheduled
      .filter((member) => member.endsWith(` ${job}`))
      .map((member) => `waits ${member.split(' ')[0]}`),
  ];
}

test('any order, any repeats: what the numbers say', async () => {
  const history = fc
    .array(order, { minLength: 1, maxLength: 7 })
    .chain((orders) =>
      fc.tuple(
        fc.constant(orders),
        fc.shuffledSubarray([...orders.keys(), ...orders.keys()], { minLength: orders.length }),
        fc.nat(2 * orders.length),
      ),
    )
    .filter(([orders, arrivals]) => new Set(arrivals).size === orders.length);
  await fc.assert(
    fc.asyncProperty(history, async ([orders, arrivals, opensAfter]) => {
      const { seal, chunks, sealed } = jobEntries({ ...LANE, rows: rowsOf(ROWS) });
      // Accept writes the row before its answer, so before anybody can control the job.
      await bench.ledger.create(seal);
      const { job, home, sender, fingerprint, dies_at } = seal;
      const name = { v: 1 as const, type: 'control' as const, job, home, sender, fingerprint, dies_at };
      const controls = arrivals.map((i) =>
        entryOf({ ...name, at: Date.now(), seq: i + 1, ...(orders[i] ?? { action: 'resume' }) }),
      );
      const opening = [...chunks, sealed];
      const entries = [...controls.slice(0, opensAfter), ...opening, ...controls.slice(opensAfter)];
      for (const entry of entries) await bench.deliver(entry);

      const wanted = expected(orders);
      const row = await bench.redis.client.hgetall(jobRowKey(bench.namespace, home, job));
      const canceled = wanted.state === 'canceled';
      expect([row.state, row['n:q'] ?? '0', row['n:c'] ?? '0']).toEqual(
        canceled ? ['canceled', '0', String(ROWS)] : [wanted.state, String(ROWS), '0'],
      );
      const waits = wanted.state === 'paused' || wanted.sendAt !== undefined;
      const place = waits ? `waits ${wanted.priority}` : `${wanted.priority} queue`;
      expect(await placesOf(job)).toEqual(canceled ? [] : [place]);
      if (canceled) return;
      // After a cancel nothing can be changed, and what came before it depends on the order.
      const now = JSON.parse(row.seal ?? '{}');
      expect([now.send_at, now.spread_ms, now.priority]).toEqual([
        wanted.sendAt,
        wanted.spreadMs,
        wanted.priority,
      ]);
    }),
    { numRuns: 60 },
  );
});
