// The rules of pacing in plain TypeScript over a clock that the caller moves: what the scripts are compared with, and what a forecast
// and a plan may rely on. One object is one home; a limit is known by scope and name, and its numbers are read at each take.
// Exact: concurrency, pair, unique, and a rolling limit's places when their ends are told in the order in which they happened.
// Conservative, never too many: an end that is told late joins the back of the line of its places; a rolling limit of many places keeps
// them in buckets, each free one period after its bucket's end; a rolling limit whose period changes has every place taken for one old period.
import type { Limit } from '../contract/limit.ts';
import { Pair, Unique } from './people.ts';
import { Concurrency, Rolling } from './places.ts';
import type { Candidate, End, Rule } from './rule.ts';
import type { LimitUse } from './use.ts';

export interface Granted {
  candidate: number;
  momentUs: number;
  call: number;
}

/** `candidate` stands in the list that was given; `untilUs` Infinity: until a call ends. */
export interface Waiting {
  candidate: number;
  limit: Limit;
  untilUs: number;
}

export interface Taken {
  granted: Granted[];
  /** Those that were looked at and must wait. */
  waits: Waiting[];
  /** When the first of them could go, else the next stranger; Infinity: when a call ends. */
  nextUs: number;
  /** The limit that binds that one; undefined: none does. */
  binding: Limit | undefined;
}

export class Model {
  readonly #rules = new Map<string, Rule>();
  readonly #calls = new Map<number, { who: Candidate; rules: Rule[] }>();
  #made = 0;

  /** At most `want` calls, each at the first moment up to now + horizon that every limit allows. */
  take(
    limits: readonly Limit[],
    candidates: readonly Candidate[],
    want: number,
    nowUs: number,
    horizonUs: number,
  ): Taken {
    const rules = limits.map((limit) => this.#rule(limit, nowUs));
    const granted: Granted[] = [];
    const waits: Waiting[] = [];
    for (const [candidate, who] of candidates.entries()) {
      if (granted.length === want) break;
      const { atUs, binding } = latest(rules, who, nowUs);
      // Only what all calls share is planned ahead: a person's limit must be free by then.
      const ahead = binding?.kind === 'rolling' ? horizonUs : 0;
      if (binding && atUs > nowUs + ahead) {
        waits.push({ candidate, limit: binding, untilUs: atUs });
        continue;
      }
      const call = ++this.#made;
      this.#calls.set(call, { who, rules });
      for (const rule of rules) rule.take(who, nowUs);
      granted.push({ candidate, momentUs: atUs, call });
    }
    return { granted, waits, ...nextOf(rules, waits, nowUs) };
  }

  /** Calls have ended: told together, they count in the order of their ends. One that is not known (told twice) changes nothing. */
  end(ends: readonly End[]): void {
    for (const end of ends.toSorted((a, b) => a.endedUs - b.endedUs)) {
      const call = this.#calls.get(end.call);
      this.#calls.delete(end.call);
      for (const rule of call?.rules ?? []) rule.end(call?.who ?? STRANGER, end);
    }
  }

  /** The limit has these numbers from now on; what was counted stays counted. */
  change(limit: Limit, nowUs: number): void {
    this.#rule(limit, nowUs);
  }

  /** When one more call could go under what all calls share, and the limit that binds it. */
  next(limits: readonly Limit[], nowUs: number): Pick<Taken, 'nextUs' | 'binding'> {
    return nextOf(
      limits.map((limit) => this.#rule(limit, nowUs)),
      [],
      nowUs,
    );
  }

  use(limit: Limit, nowUs: number): LimitUse {
    return this.#rule(limit, nowUs).use(nowUs);
  }

  #rule(limit: Limit, nowUs: number): Rule {
    const key = `${limit.kind}:${limit.scope}:${limit.name}`;
    const known = this.#rules.get(key) ?? ruleOf(limit);
    this.#rules.set(key, known);
    known.change(limit, nowUs);
    return known;
  }
}

/** Somebody of whom nothing is known. */
const STRANGER: Candidate = { person: '', exempt: true };

/** The latest of the first moments, and the limit that it comes from. */
function latest(rules: readonly Rule[], who: Candidate, nowUs: number) {
  let atUs = nowUs;
  let binding: Limit | undefined;
  for (const rule of rules) {
    const momentUs = rule.firstUs(who, nowUs);
    if (momentUs > atUs) [atUs, binding] = [momentUs, rule.limit];
  }
  return { atUs, binding };
}

function nextOf(rules: readonly Rule[], waits: readonly Waiting[], nowUs: number) {
  let first: Waiting | undefined;
  for (const one of waits) if (!first || one.untilUs < first.untilUs) first = one;
  if (first) return { nextUs: first.untilUs, binding: first.limit };
  const shared = rules.filter(({ limit }) => limit.kind === 'rolling' || limit.kind === 'concurrency');
  const { atUs, binding } = latest(shared, STRANGER, nowUs);
  return { nextUs: atUs, binding };
}

function ruleOf(limit: Limit): Rule {
  if (limit.kind === 'rolling') return new Rolling(limit);
  if (limit.kind === 'concurrency') return new Concurrency(limit);
  return limit.kind === 'unique' ? new Unique(limit) : new Pair(limit);
}
