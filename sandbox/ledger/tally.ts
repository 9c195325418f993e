// The plain counts of one number: what arrived, what was taken, what was refused, what was broken.
// "Taken" means the platform would deliver it, whether or not the sender ever heard so: that is what "twice" is about.
import { PairTable } from '../judge/pair-table.ts';

export const VIOLATIONS = ['throughput', 'window', 'pair', 'unique'] as const;
export type Violation = (typeof VIOLATIONS)[number];

const MAX_EXAMPLES = 20;

export class Tally {
  arrivals = 0;
  taken = 0;
  answeredOk = 0;
  aborted = 0;
  pending = 0;
  droppedBefore = 0;
  droppedAfter = 0;
  withoutPlus = 0;
  recipients = 0;
  repeats = 0;
  duplicateAttempts = 0;
  readonly refused = new Map<number, number>();
  readonly violations: Record<Violation, number> = { throughput: 0, window: 0, pair: 0, unique: 0 };
  readonly pairs = new PairTable();
  /** Recipients taken more than once, the first few. */
  readonly repeatExamples: number[] = [];
  smallestTakenGapUs = Number.POSITIVE_INFINITY;
  smallestArrivalGapUs = Number.POSITIVE_INFINITY;
  first: Moment | undefined;
  last: Moment | undefined;

  arrived(atUs: number, wallMs: number): void {
    this.arrivals += 1;
    this.pending += 1;
    this.first ??= { atUs, wallMs };
    if (this.last === undefined) this.last = { atUs, wallMs };
    else {
      this.last.atUs = atUs;
      this.last.wallMs = wallMs;
    }
  }

  refuse(code: number): void {
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
  }

  /** A readable message for this pair, whatever becomes of it. */
  pairSeen(slot: number, atUs: number): void {
    const { seenAtUs } = this.pairs.columns;
    const gapUs = Math.abs(atUs - (seenAtUs[slot] as number));
    if (gapUs < this.smallestArrivalGapUs) this.smallestArrivalGapUs = gapUs;
    seenAtUs[slot] = atUs;
  }

  pairTaken(slot: number, atUs: number): void {
    const { taken, takenAtUs, waId } = this.pairs.columns;
    const gapUs = Math.abs(atUs - (takenAtUs[slot] as number));
    if (gapUs < this.smallestTakenGapUs) this.smallestTakenGapUs = gapUs;
    takenAtUs[slot] = atUs;
    const times = (taken[slot] as number) + 1;
    taken[slot] = times;
    if (times === 1) this.recipients += 1;
    if (times !== 2) return;
    this.repeats += 1;
    if (this.repeatExamples.length < MAX_EXAMPLES) this.repeatExamples.push(waId[slot] as number);
  }
}

export interface Moment {
  atUs: number;
  wallMs: number;
}
