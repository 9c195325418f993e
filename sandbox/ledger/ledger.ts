// The sandbox's own plain record of what arrived: one row and one tally per arrival, kept apart from the judge's
// state, so that what it says about Sluice rests on nothing that Sluice said.
import type { Message } from '../meta/message.ts';
import type { PhoneNumber } from '../phone-number.ts';
import { Arrivals, type Outcome } from './arrivals.ts';
import { RefCounts } from './ref-counts.ts';
import type { Violation } from './tally.ts';

/** One arrival on its way through the sandbox. */
export interface Entry {
  seq: number;
  number: PhoneNumber;
  atUs: number;
  message: Message | undefined;
  /** The row of its pair; undefined before the body is read, and when the pair table is full. */
  slot: number | undefined;
}

export class Ledger {
  readonly #refs = new RefCounts();
  readonly arrivals = new Arrivals((ref) => this.#refs.forget(ref));

  arrive(number: PhoneNumber, atUs: number, wallMs: number): Entry {
    number.tally.arrived(atUs, wallMs);
    for (const { gauge } of number.windows) gauge.arrived(atUs);
    return {
      seq: this.arrivals.open(number.index, atUs, wallMs),
      number,
      atUs,
      message: undefined,
      slot: undefined,
    };
  }

  /** The body has been read and names a recipient. */
  address(entry: Entry, message: Message): void {
    const { tally } = entry.number;
    const waId = Number(message.waId);
    entry.message = message;
    entry.slot = tally.pairs.slotOf(waId);
    if (entry.slot !== undefined) tally.pairSeen(entry.slot, entry.atUs);
    if (!message.withPlus) tally.withoutPlus += 1;
    this.arrivals.address(entry.seq, waId, message.ref);
  }

  violate(entry: Entry, violation: Violation): void {
    entry.number.tally.violations[violation] += 1;
  }

  /** The message is taken: it would be delivered, whatever the answer will be. */
  take(entry: Entry, outcome: Outcome, code = 0): void {
    const { tally } = entry.number;
    tally.taken += 1;
    if (entry.slot !== undefined) tally.pairTaken(entry.slot, entry.atUs);
    const ref = entry.message?.ref;
    if (ref !== undefined && this.#refs.taken(ref) > 1) tally.duplicateAttempts += 1;
    if (outcome === 'drop_after') tally.droppedAfter += 1;
    this.#close(entry, outcome, code);
  }

  refuse(entry: Entry, code: number, outcome: Outcome = 'refused'): void {
    entry.number.tally.refuse(code);
    this.#close(entry, outcome, code);
  }

  dropBefore(entry: Entry): void {
    entry.number.tally.droppedBefore += 1;
    this.#close(entry, 'drop_before', 0);
  }

  /** The sender went away before its body was complete. */
  abort(entry: Entry): void {
    entry.number.tally.aborted += 1;
    this.#close(entry, 'aborted', 0);
  }

  #close(entry: Entry, outcome: Outcome, code: number): void {
    entry.number.tally.pending -= 1;
    this.arrivals.close(entry.seq, outcome, code);
  }
}
