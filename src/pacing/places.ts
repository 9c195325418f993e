// The plain rules that count calls: places of a rolling window, and calls in flight.
import { bucketUsOf, type ConcurrencyLimit, type RollingLimit } from '../contract/limit.ts';
import { type Candidate, type End, type Rule, UNKNOWN } from './rule.ts';
import type { LimitUse, Release } from './use.ts';

/** A lane that fell behind its grid may catch up this much. */
const CATCH_UP_US = 50_000;

export class Rolling implements Rule {
  limit: RollingLimit;
  #held = 0;
  /** Taken places by when they come free, rising. Those whose time has passed are used up first. */
  #line: Release[] = [];
  #taken = 0;
  #gridUs = 0;
  constructor(limit: RollingLimit) {
    this.limit = limit;
  }
  change(limit: RollingLimit, nowUs: number): void {
    if (limit.perMs !== this.limit.perMs) {
      this.#taken = Math.max(0, this.limit.count - this.#held);
      this.#line = this.#taken > 0 ? [{ atUs: nowUs + this.limit.perMs * 1_000, count: this.#taken }] : [];
    }
    this.limit = limit;
  }
  firstUs(_who: Candidate, nowUs: number): number {
    const placeUs = this.#placeUs(nowUs);
    const momentUs = this.limit.pace === 'even' ? Math.max(placeUs, this.#grid(nowUs)) : placeUs;
    return Math.max(momentUs, nowUs);
  }
  /** When the next place is free. Lowered below what is taken, a limit waits until enough have come free. */
  #placeUs(nowUs: number): number {
    let missing = this.#held + this.#taken + 1 - this.limit.count;
    if (missing <= 0) return nowUs;
    for (const { atUs, count } of this.#line) {
      missing -= count;
      if (missing <= 0) return atUs;
    }
    return UNKNOWN;
  }
  #grid = (nowUs: number): number => Math.max(this.#gridUs, nowUs - CATCH_UP_US);
  take(_who: Candidate, nowUs: number): void {
    for (let over = this.#held + this.#taken + 1 - this.limit.count; over > 0; over -= 1) this.#reuse();
    this.#held += 1;
    this.#gridUs = this.#grid(nowUs) + (this.limit.perMs * 1_000) / this.limit.count;
  }
  #reuse(): void {
    const head = this.#line[0];
    if (!head) return;
    head.count -= 1;
    this.#taken -= 1;
    if (head.count === 0) this.#line.shift();
  }
  end(_who: Candidate, { outcome, endedUs }: End): void {
    this.#held -= 1;
    if (outcome === 'unsent') return;
    const bucketUs = bucketUsOf(this.limit);
    const countedUs = bucketUs ? (Math.floor(endedUs / bucketUs) + 1) * bucketUs : endedUs;
    const last = this.#line.at(-1);
    const atUs = Math.max(countedUs + this.limit.perMs * 1_000, last?.atUs ?? 0);
    this.#taken += 1;
    if (last?.atUs === atUs) last.count += 1;
    else this.#line.push({ atUs, count: 1 });
  }
  use(): LimitUse {
    return {
      limit: this.limit,
      count: this.limit.count,
      held: this.#held,
      releases: this.#line.map((one) => ({ ...one })),
      gridUs: this.#gridUs,
      closedUs: 0,
    };
  }
}

export class Concurrency implements Rule {
  limit: ConcurrencyLimit;
  #held = 0;
  constructor(limit: ConcurrencyLimit) {
    this.limit = limit;
  }
  change(limit: ConcurrencyLimit): void {
    this.limit = limit;
  }
  firstUs = (_who: Candidate, nowUs: number): number => (this.#held < this.limit.count ? nowUs : UNKNOWN);
  take(): void {
    this.#held += 1;
  }
  end(): void {
    this.#held -= 1;
  }
  use = (): LimitUse => ({
    limit: this.limit,
    count: this.limit.count,
    held: this.#held,
    releases: [],
    gridUs: 0,
    closedUs: 0,
  });
}
