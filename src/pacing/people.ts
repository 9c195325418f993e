// The plain rules that count people: how many different ones in a window, and how soon one of them again.
import type { PairLimit, UniqueLimit } from '../contract/limit.ts';
import { type Candidate, type End, type Rule, UNKNOWN } from './rule.ts';
import type { LimitUse } from './use.ts';

/** The end of the last call that counts, 0 for none, and the calls under way. */
interface Contact {
  lastUs: number;
  flying: number;
}

/** What both rules about people keep: contacts, forgotten one period after their last call. */
class Contacts {
  readonly #known = new Map<string, Contact>();
  /** Those that count at a moment. */
  live(nowUs: number, perMs: number): Map<string, Contact> {
    for (const [person, { lastUs, flying }] of this.#known)
      if (flying === 0 && lastUs + perMs * 1_000 <= nowUs) this.#known.delete(person);
    return this.#known;
  }
  take({ person }: Candidate): void {
    const known = this.#known.get(person) ?? { lastUs: 0, flying: 0 };
    this.#known.set(person, { ...known, flying: known.flying + 1 });
  }
  /** A call that does not count leaves the last one as it was. */
  end({ person }: Candidate, counts: boolean, endedUs: number): void {
    const { lastUs, flying } = this.#known.get(person) ?? { lastUs: 0, flying: 1 };
    this.#known.set(person, { lastUs: counts ? Math.max(lastUs, endedUs) : lastUs, flying: flying - 1 });
  }
  use(limit: UniqueLimit | PairLimit, nowUs: number): LimitUse {
    const live = [...this.live(nowUs, limit.perMs).values()];
    const releases = live
      .filter(({ flying }) => flying === 0)
      .map(({ lastUs }) => ({ atUs: lastUs + limit.perMs * 1_000, count: 1 }))
      .sort((a, b) => a.atUs - b.atUs);
    return {
      limit,
      count: limit.kind === 'unique' ? limit.count : live.length + 1,
      held: live.length - releases.length,
      releases,
      gridUs: 0,
      closedUs: 0,
    };
  }
}

export class Unique implements Rule {
  limit: UniqueLimit;
  readonly #contacts = new Contacts();
  constructor(limit: UniqueLimit) {
    this.limit = limit;
  }
  change(limit: UniqueLimit): void {
    this.limit = limit;
  }
  firstUs({ person, exempt }: Candidate, nowUs: number): number {
    const { count, perMs } = this.limit;
    const live = this.#contacts.live(nowUs, perMs);
    if (exempt || live.has(person) || live.size < count) return nowUs;
    return this.use(nowUs).releases[live.size - count]?.atUs ?? UNKNOWN;
  }
  take(who: Candidate): void {
    if (!who.exempt) this.#contacts.take(who);
  }
  end(who: Candidate, { outcome, endedUs }: End): void {
    if (!who.exempt) this.#contacts.end(who, outcome === 'sent', endedUs);
  }
  use = (nowUs: number): LimitUse => this.#contacts.use(this.limit, nowUs);
}

export class Pair implements Rule {
  limit: PairLimit;
  readonly #contacts = new Contacts();
  constructor(limit: PairLimit) {
    this.limit = limit;
  }
  change(limit: PairLimit): void {
    this.limit = limit;
  }
  firstUs({ person }: Candidate, nowUs: number): number {
    const known = this.#contacts.live(nowUs, this.limit.perMs).get(person);
    if (!known) return nowUs;
    return known.flying > 0 ? UNKNOWN : Math.max(nowUs, known.lastUs + this.limit.perMs * 1_000);
  }
  take(who: Candidate): void {
    this.#contacts.take(who);
  }
  end(who: Candidate, { outcome, endedUs }: End): void {
    this.#contacts.end(who, outcome !== 'unsent', endedUs);
  }
  use = (nowUs: number): LimitUse => this.#contacts.use(this.limit, nowUs);
}
