// From the outbox to the log: whatever ends a relay, and wherever, the next one makes the same records, and nothing is taken out of an outbox that is
// not in the log.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger } from '../../src/base/logger.ts';
import { createSecret } from '../../src/base/secret.ts';
import { BATCH_MAX_BYTES, BATCH_MAX_EVENTS, type EventsRecord } from '../../src/contract/event.ts';
import { laneKeys } from '../../src/lanes/keys.ts';
import { outboxKeys } from '../../src/ledger/keys.ts';
import { createOutbox, hintTold } from '../../src/ledger/outbox.ts';
import { resultLine } from '../../src/ledger/results.ts';
import type { LogEntry } from '../../src/log/port.ts';
import { bodyOf } from '../../src/subscribers/body.ts';
import { eventId } from '../../src/subscribers/publish.ts';
import { finishJob } from '../../workers/memory/finish.ts';
import { replayWords } from '../../workers/memory/replay.ts';
import { createRelay } from '../../workers/notify/relay.ts';
import type { IntakeBench } from '../support/intake-bench.ts';
import { rowsOf } from '../support/job-entries.ts';
import { openLedger, openLedgerIntake, outcome, receiptOf } from '../support/ledger-bench.ts';

const HOME = { home: 's:s1', workspace: 'acme', environment: 'live' as const };
const ALL = 'adrfuJ';

let intake: IntakeBench;
const opened: IntakeBench[] = [];
beforeAll(async () => {
  intake = await openLedgerIntake();
  opened.push(intake);
});
afterAll(() => Promise.all(opened.map((one) => one.close())));

const secret = createSecret([randomBytes(32).toString('base64')]);

/** A relay of its own, as after a start; `append` is all that it knows of the log. */
function relayOver(
  bench: IntakeBench,
  owner: string,
  append: (entries: readonly LogEntry[]) => Promise<void>,
) {
  const { redis, namespace, ledger } = bench;
  return createRelay({
    redis,
    namespace,
    ledger,
    forgotten: async () => new Set(),
    secret,
    accounts: { homes: () => [HOME], toldOf: () => ALL },
    outbox: createOutbox(redis, namespace),
    log: { append: (_topic, entries) => append(entries) },
    logger: silentLogger,
    owner,
  });
}

const recordsOf = (entries: readonly LogEntry[]): EventsRecord[] =>
  entries.map(({ value }) => JSON.parse(value) as EventsRecord);
const leftOf = ({ redis, namespace }: IntakeBench): Promise<number> =>
  redis.client.exists(...Object.values(outboxKeys(namespace, HOME.home)));

test('a relay that dies before or after the append is followed by one that makes the same of it', async () => {
  const bench = await openLedger(intake, rowsOf(300), 100);
  const grants = await bench.take(300);
  await bench.settle(
    grants.slice(0, 120).map((grant) => outcome(grant, 'a')),
    ALL,
  );
  const tries: EventsRecord[][] = [];
  // Not stored, and nobody hears of it; then stored, and nobody hears of it.
  const failing = relayOver(intake, 'one', async (entries) => {
    tries.push(recordsOf(entries));
    throw new Error('the log does not answer');
  });
  await failing.pass(true);
  // More comes in while the log is away: it does not get into what was cut.
  await bench.settle(
    grants.slice(120, 240).map((grant) => outcome(grant, 'f')),
    ALL,
  );
  await failing.pass(true);
  expect(await leftOf(intake)).toBe(2);

  const stored: EventsRecord[] = [];
  const working = relayOver(intake, 'one', async (entries) => void stored.push(...recordsOf(entries)));
  await working.pass(true);
  expect(tries).toHaveLength(2);
  expect(tries[1]).toEqual(tries[0]);
  expect(stored.slice(0, tries[0]?.length)).toEqual(tries[0]);
  const events = stored.flatMap((record) => record.events);
  expect(events.filter(({ type }) => type === 'message.accepted')).toHaveLength(120);
  expect(events.filter(({ type }) => type === 'message.failed')).toHaveLength(120);
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  expect(events.map(({ data }) => data.sequence)).toEqual(events.map((_, i) => i + 1));
  for (const record of stored) {
    expect(record.events.length).toBeLessThanOrEqual(BATCH_MAX_EVENTS);
    expect(Buffer.byteLength(bodyOf(record, ['*'])?.text ?? '')).toBeLessThanOrEqual(BATCH_MAX_BYTES);
  }
  expect(await leftOf(intake)).toBe(0);

  // The same outcomes again move nothing, and so tell nothing.
  await bench.settle(
    grants.slice(0, 120).map((grant) => outcome(grant, 'a')),
    ALL,
  );
  expect(await leftOf(intake)).toBe(0);
});

test('a repeated cut of another relay, after the lease of the first, is ended by one of them only', async () => {
  const own = await openLedgerIntake();
  opened.push(own);
  const bench = await openLedger(own, rowsOf(3));
  const [first, second, third] = await bench.take(3);
  if (!first || !second || !third) throw new Error('nothing granted');
  await bench.settle([outcome(first, 'a')], ALL);
  const outbox = createOutbox(own.redis, own.namespace);
  const cut = await outbox.claim(HOME.home, 'slow');
  expect(cut?.entries).toHaveLength(1);
  expect(await outbox.claim(HOME.home, 'other')).toBeUndefined();
  await own.redis.client.hset(outboxKeys(own.namespace, HOME.home).relay, 'until', '1');
  expect(await outbox.claim(HOME.home, 'other')).toEqual(cut);
  expect(await outbox.clear(HOME.home, 'other', cut?.last ?? '')).toBe(false);
  await bench.settle([outcome(second, 'u'), outcome(third, 'a')], ALL);
  // The slow one wakes up: what came since is not its own.
  expect(await outbox.clear(HOME.home, 'slow', cut?.last ?? '')).toBe(true);
  const next = await outbox.claim(HOME.home, 'slow');
  const told = next?.entries.flatMap(({ jobs }) => jobs.flatMap((job) => job.told));
  expect(told).toMatchObject([{ to: 'u' }, { to: 'a' }, { what: 'completed' }]);
});

test('only what somebody wants is told; and where nobody wants anything, nothing is written', async () => {
  const own = await openLedgerIntake();
  opened.push(own);
  const bench = await openLedger(own, rowsOf(4));
  const grants = await bench.take(4);
  await bench.settle(
    grants.map((grant, i) => outcome(grant, i < 3 ? 'a' : 'f')),
    '',
  );
  expect(await leftOf(own)).toBe(0);
  await bench.receive([receiptOf(0, 1, 'delivered'), receiptOf(1, 1, 'read')], 'r');
  const cut = await createOutbox(own.redis, own.namespace).claim(HOME.home, 'one');
  const told = cut?.entries.flatMap(({ jobs }) => jobs.flatMap((job) => job.told));
  expect(told).toMatchObject([{ to: 'r', try: 1, result: { index: 1, providerId: 'wamid.1' } }]);
});

test('a hint names the home once', async () => {
  const own = await openLedgerIntake();
  opened.push(own);
  const outbox = createOutbox(own.redis, own.namespace);
  hintTold(own.redis, own.namespace, HOME.home);
  hintTold(own.redis, own.namespace, HOME.home);
  expect(await outbox.takeHints()).toEqual([HOME.home]);
  expect(await outbox.takeHints()).toEqual([]);
});

test('an end that only the log knew when Redis was restarted is told as its settle would have told it', async () => {
  const own = await openLedgerIntake();
  opened.push(own);
  const { redis, namespace } = own;
  const bench = await openLedger(own, rowsOf(3));
  const grants = await bench.take(3);
  const options = { redis, namespace, run: 'r', sealOf: async () => bench.seal, toldOf: () => ALL };
  const others = { sender: () => undefined, personOf: () => '', nowMs: () => Date.now(), toldMs: 0 };
  const replaying = { ...options, ...others };
  const said = (grant: (typeof grants)[number], to: 'a' | 'q', dueUs: number) => {
    const { index, try: attempt } = grant;
    const line = resultLine(outcome(grant, to).result);
    return { index, text: `e,${index},${attempt},${to},1,0,${dueUs},r,${line}` };
  };
  const dueUs = (Date.now() + 60_000) * 1_000;
  const words = grants.map((grant, i) => said(grant, i < 2 ? 'a' : 'q', dueUs));
  expect(await replayWords(options, HOME.home, bench.id, words)).toBe(3);
  await finishJob(replaying, HOME.home, bench.id, false);
  // What goes back waits in its lane, though its process finds nothing left to settle.
  const { later } = laneKeys(namespace, { home: HOME.home, sender: 's1' });
  expect(await redis.client.zscore(later, `${bench.id}:2:r`)).toBe(String(dueUs));
  const settled = grants.map((grant, i) => outcome(grant, i < 2 ? 'a' : 'q', { dueUs }));
  expect((await bench.settle(settled, ALL)).moved).toBe(0);

  await bench.force(2, 's', 1);
  await replayWords(options, HOME.home, bench.id, [said(grants[2] as never, 'a', 0)]);
  await finishJob(replaying, HOME.home, bench.id, false);
  const told: EventsRecord[] = [];
  await relayOver(own, 'one', async (entries) => void told.push(...recordsOf(entries))).pass(true);
  const events = told.flatMap((record) => record.events);
  const ids = [0, 1, 2].map((index) => eventId(secret, [bench.id, String(index), '1', 'a']));
  expect(events.filter(({ type }) => type === 'message.accepted').map(({ id }) => id)).toEqual(ids);
  expect(events.filter(({ type }) => type === 'job.completed')).toHaveLength(1);
});
