// One job in one lane with its turn open, driven by the scripts of dispatch: items are taken and settled in whatever order a test likes.
import { systemClock as clock } from '../../src/base/clock.ts';
import { STATUS_BYTE } from '../../src/contract/job.ts';
import type { Limit } from '../../src/contract/limit.ts';
import type { Row, SealRecord } from '../../src/contract/record.ts';
import { createLanes } from '../../src/lanes/lanes.ts';
import { jobKeys } from '../../src/ledger/keys.ts';
import { chunkOf } from '../../src/ledger/row.ts';
import { createSeats } from '../../src/memory/seats.ts';
import { limitKeys } from '../../src/pacing/keys.ts';
import { createServerClock } from '../../src/pacing/server-clock.ts';
import { type Outcome, type Settled, settle } from '../../workers/dispatch/settle.ts';
import { type Grant, take } from '../../workers/dispatch/take.ts';
import { merge, type Receipt } from '../../workers/receipts/merge.ts';
import { type IntakeBench, openIntake } from './intake-bench.ts';
import { jobEntries } from './job-entries.ts';

const HOME = 's:s1';
const LANE = { home: HOME, sender: 's1' };
const LIMITS: Limit[] = [
  { kind: 'rolling', name: 'rate', scope: 's1', count: 1_000_000, perMs: 1_000, pace: 'burst' },
];

export type To = Outcome['to'];

export interface LedgerBench {
  intake: IntakeBench;
  seal: SealRecord;
  id: string;
  /** Starts up to `want` items: what waits alone and is due, then the next rows. */
  take(want: number): Promise<Grant[]>;
  /** `letters`: of what customers want to be told. */
  settle(outcomes: Outcome[], letters?: string): Promise<Settled>;
  /** Brings receipts, of whatever chunks; how many moved their item. */
  receive(receipts: Receipt[], letters?: string): Promise<number>;
  /** Puts one item into a state by force, with its try, and mends the counts. */
  force(index: number, byte: string, attempt: number): Promise<void>;
  /** Status bytes of all rows. */
  bytes(): Promise<string>;
  /** Calls that hold a place of the limit, by its own count. */
  held(): Promise<number>;
  /** Counts by byte, as the row has them and as the status bytes say. */
  counts(): Promise<{ row: Record<string, number>; bytes: Record<string, number>; state: string }>;
}

export async function openLedger(
  intake: IntakeBench,
  rows: Row[],
  chunkRows = 4,
  onUnknown: 'hold' | 'resend' = 'hold',
): Promise<LedgerBench> {
  const { redis, namespace } = intake;
  const { seal, chunks, sealed } = jobEntries({ ...LANE, rows, chunkRows, onUnknown });
  const lanes = createLanes({ redis, namespace });
  for (const entry of [...chunks, sealed]) await intake.deliver(entry);
  await createSeats(redis, namespace).sit(HOME, 0, 60_000);
  const opened = await lanes.open(LANE, intake.tickets.at(-1)?.n ?? '', clock.randomHex(8));
  if (opened.state !== 'open') throw new Error(`the lane is ${opened.state}`);
  const view = { home: HOME, seal, spans: [] };
  const options = {
    redis,
    namespace,
    clock,
    serverClock: createServerClock(),
    callDeadlineMs: 31_000,
    jobs: { row: () => undefined },
    personOf: () => '',
  };
  const keys = jobKeys(namespace, HOME, seal.job, seal.fingerprint);
  let seq = 0;
  return {
    intake,
    seal,
    id: seal.job,
    take: async (want) => {
      // Rows that are no items stand between the others.
      const seen = await lanes.peek(LANE, opened.fence, 2 * want);
      if (!seen) throw new Error('the turn is lost');
      const alone = seen.later.map(({ index, why }) => ({
        view,
        cursor: why,
        from: index,
        count: 1,
        queue: 0,
      }));
      const runs = seen.runs.map(({ cursor, from, count, queue }) => ({ view, cursor, from, count, queue }));
      seq += 1;
      const taken = await take(
        options,
        LANE,
        { fence: opened.fence, seq },
        LIMITS,
        [...alone, ...runs],
        want,
      );
      return typeof taken === 'object' ? taken.grants : [];
    },
    settle: async (outcomes, letters) => {
      const settled = await settle(redis, namespace, LANE, LIMITS, outcomes, letters);
      if (settled === 'unverified') throw new Error('the home has no seat');
      return settled;
    },
    receive: async (receipts, letters) => {
      const chunks = Map.groupBy(receipts, ({ index }) => chunkOf(seal, index));
      let moved = 0;
      for (const [n, own] of chunks) {
        const merged = await merge(redis, namespace, seal, n, own, letters);
        moved += merged?.moved ?? 0;
      }
      return moved;
    },
    force: async (index, byte, attempt) => {
      const before = await redis.client.getrange(keys.statuses, index, index);
      await redis.client
        .multi()
        .setrange(keys.statuses, index, byte)
        .setrange(keys.tries, index, String.fromCharCode(attempt))
        .hincrby(keys.row, `n:${before}`, -1)
        .hincrby(keys.row, `n:${byte}`, 1)
        .exec();
    },
    bytes: async () => (await redis.client.get(keys.statuses)) ?? '',
    held: async () => {
      const { state } = limitKeys(namespace, HOME, 's1', 'rate');
      return Number((await redis.client.hget(state, 'held')) ?? 0);
    },
    counts: async () => {
      const statuses = (await redis.client.get(keys.statuses)) ?? '';
      const row = await redis.client.hgetall(keys.row);
      const names = Object.values(STATUS_BYTE).filter((byte) => byte !== '-');
      const told = names.map((byte) => [byte, Number(row[`n:${byte}`] ?? 0)]);
      const seen = names.map((byte) => [byte, statuses.split(byte).length - 1]);
      return { row: Object.fromEntries(told), bytes: Object.fromEntries(seen), state: row.state ?? '' };
    },
  };
}

export const openLedgerIntake = (): Promise<IntakeBench> => openIntake(HOME);

/** What the platform says later. */
export const receiptOf = (
  index: number,
  attempt: number,
  status: Receipt['status'],
  over: Partial<Receipt> = {},
): Receipt => ({
  id: `wamid.${index}`,
  index,
  try: attempt,
  status,
  at: clock.now(),
  ...(status === 'failed' && { error: { code: '131026', message: 'undeliverable' } }),
  ...over,
});

/** What became of one call; `q` is due again at once. */
export function outcome(
  { view, index, try: attempt, run }: Grant,
  to: To,
  over: Partial<Outcome> = {},
): Outcome {
  const error = { code: `code-${to}`, message: `said ${to}` };
  return {
    view,
    index,
    try: attempt,
    run,
    to,
    written: true,
    counts: true,
    maxAttempts: 0,
    endedUs: clock.now() * 1_000,
    dueUs: 0,
    why: 'r',
    throttled: false,
    person: '',
    mark: '',
    result: {
      index,
      atMs: clock.now(),
      providerId: to === 'a' ? `wamid.${index}` : null,
      error: to === 'a' ? null : error,
    },
    ...over,
  };
}
