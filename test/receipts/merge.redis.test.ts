// Receipts and outcomes in every order, twice, late and early: the scripts against the plain item, over 10,000 random histories, and the
// places of the limits given back once each.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Outcome } from '../../workers/dispatch/settle.ts';
import type { Grant } from '../../workers/dispatch/take.ts';
import type { Receipt } from '../../workers/receipts/merge.ts';
import { seededRandom } from '../support/dice.ts';
import { rowsOf } from '../support/job-entries.ts';
import {
  type LedgerBench,
  openLedger,
  openLedgerIntake,
  outcome,
  receiptOf,
  type To,
} from '../support/ledger-bench.ts';
import { PlainItem } from './plain-item.ts';

const JOBS = 25;
const ROWS = 400;
const ROUNDS = 10;
const OUTCOMES_AT_ONCE = 128;
const OUTCOMES: To[] = ['a', 'a', 'f', 'u', 'q'];
const STATUSES: Receipt['status'][] = ['sent', 'delivered', 'read', 'failed'];
/** A failure prints it; the same seed gives the same histories. */
const SEED = 20_261_124;

class History {
  readonly items = Array.from({ length: ROWS }, () => new PlainItem());
  readonly #calls = new Map<number, Grant>();
  readonly #bench: LedgerBench;
  readonly #random: () => number;

  constructor(bench: LedgerBench, random: () => number) {
    this.#bench = bench;
    this.#random = random;
  }

  async round(): Promise<void> {
    for (const grant of await this.#bench.take(Math.ceil(ROWS / 4))) {
      expect(this.item(grant.index).start(), 'only what waits is started').toBe(true);
      this.#calls.set(grant.index, grant);
    }
    await this.#settle([...this.#calls.values()].filter(() => this.#random() < 0.5));
    await this.#receive();
  }

  /** Every call gets its answer in the end. */
  finish = (): Promise<void> => this.#settle([...this.#calls.values()]);

  item(index: number): PlainItem {
    const item = this.items[index];
    if (!item) throw new Error(`no item ${index}`);
    return item;
  }

  async #settle(grants: Grant[]): Promise<void> {
    const told = grants.map((grant) => outcome(grant, this.#one(OUTCOMES)));
    for (let at = 0; at < told.length; at += OUTCOMES_AT_ONCE)
      await this.#bench.settle(told.slice(at, at + OUTCOMES_AT_ONCE));
    for (const { index, try: attempt, to } of told) this.item(index).outcome(attempt, to);
    const again: Outcome[] = told.filter(({ to }) => to !== 'q' && this.#random() < 0.1);
    await this.#bench.settle(again.slice(0, OUTCOMES_AT_ONCE));
  }

  async #receive(): Promise<void> {
    const receipts = this.items.flatMap(({ tries }, index) => {
      const count = tries === 0 ? 0 : Math.floor(this.#random() * 3);
      return Array.from({ length: count }, () =>
        receiptOf(index, 1 + Math.floor(this.#random() * tries), this.#one(STATUSES)),
      );
    });
    await this.#bench.receive(receipts);
    for (const { index, try: attempt, status } of receipts) this.item(index).receipt(attempt, status);
    await this.#bench.receive(receipts.filter(() => this.#random() < 0.1));
    for (const { index, try: attempt, status } of receipts) this.item(index).receipt(attempt, status);
  }

  #one<One>(list: readonly One[]): One {
    return list[Math.floor(this.#random() * list.length)] as One;
  }
}

async function agree(bench: LedgerBench, history: History): Promise<void> {
  expect(await bench.bytes()).toBe(history.items.map(({ state }) => state).join(''));
  const { row, bytes, state } = await bench.counts();
  expect(row).toEqual(bytes);
  expect(state).toBe((row.q ?? 0) + (row.s ?? 0) === 0 ? 'completed' : 'open');
  const calls = history.items.reduce((sum, item) => sum + item.calls.size, 0);
  expect(await bench.held(), 'places held = calls under way').toBe(calls);
}

test(`${JOBS * ROWS} histories end as the plain item says (seed ${SEED})`, { timeout: 120_000 }, async () => {
  const random = seededRandom(SEED);
  for (let job = 0; job < JOBS; job++) {
    const bench = await openLedger(await openLedgerIntake(), rowsOf(ROWS), 150);
    const history = new History(bench, random);
    for (let round = 0; round < ROUNDS; round++) {
      await history.round();
      await agree(bench, history);
    }
    await history.finish();
    await agree(bench, history);
    expect(await bench.held()).toBe(0);
    await bench.intake.close();
  }
});

test('any order of what is said about one call gives one result', () => {
  const words = fc.array(fc.constantFrom(...STATUSES, 'a', 'f', 'u'), { minLength: 1, maxLength: 8 });
  const twoOrders = words.chain((said) =>
    fc.tuple(
      fc.constant(said),
      fc.shuffledSubarray(said, { minLength: said.length, maxLength: said.length }),
    ),
  );
  const endOf = (said: readonly string[]): string => {
    const item = new PlainItem();
    item.start();
    for (const word of said) {
      if (word.length === 1) item.outcome(1, word as To);
      else item.receipt(1, word as Receipt['status']);
    }
    return item.state;
  };
  fc.assert(
    fc.property(twoOrders, ([one, other]) => {
      expect(endOf(other)).toBe(endOf([...one, ...one]));
    }),
    { numRuns: 2_000 },
  );
});
