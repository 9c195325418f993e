// Faults on demand, in a fixed order: the rules are asked in the order they were set, and the first that strikes wins;
// `slow` only adds its delay and lets the next rule be asked. Rules that strike before processing count every readable
// request; rules that strike after it count only messages that would have been accepted, so `count: 1` always hits one.
import { type Random, seededRandom } from './random.ts';

const BEFORE_KINDS = ['drop_before', 'throttle', 'error'] as const;
const AFTER_KINDS = ['drop_after', 'error_after', 'garbage', 'slow'] as const;
export const FAULT_KINDS = [...BEFORE_KINDS, ...AFTER_KINDS] as const;
type BeforeKind = (typeof BEFORE_KINDS)[number];
type AfterKind = (typeof AFTER_KINDS)[number];

export interface FaultRule {
  number?: string;
  kind: (typeof FAULT_KINDS)[number];
  /** Chance per request, default 1. */
  rate?: number;
  /** Strikes this often, then never again; default without end. */
  count?: number;
  /** Lets the first n pass. */
  after?: number;
  delay_ms?: number;
  code?: number;
  status?: number;
  seed?: number;
}

interface LiveFault {
  id: string;
  rule: FaultRule;
  asked: number;
  struck: number;
  random: Random;
}

export interface FaultState {
  id: string;
  rule: FaultRule;
  asked: number;
  struck: number;
}

/** Far above any test's need; a runaway test must not slow every request down. */
export const MAX_FAULTS = 100;

export class Faults {
  #live: LiveFault[] = [];
  #added = 0;

  /** The new fault's state; undefined when there are too many. */
  add(rule: FaultRule): FaultState | undefined {
    if (this.#live.length >= MAX_FAULTS) return undefined;
    this.#added += 1;
    const fault = {
      id: `flt_${this.#added}`,
      rule,
      asked: 0,
      struck: 0,
      random: seededRandom(rule.seed ?? 1),
    };
    this.#live.push(fault);
    return stateOf(fault);
  }

  list(): FaultState[] {
    return this.#live.map(stateOf);
  }

  clear(): void {
    this.#live = [];
  }

  /** What to do instead of processing this request, if anything. */
  before(number: string): (FaultRule & { kind: BeforeKind }) | undefined {
    for (const fault of this.#live) {
      if (isBefore(fault.rule) && strikes(fault, number)) return fault.rule;
    }
    return undefined;
  }

  /** What to do instead of a plain answer to this accepted message, and how much later. */
  after(number: string): { kind: Exclude<AfterKind, 'slow'> | undefined; delayMs: number } {
    let delayMs = 0;
    for (const fault of this.#live) {
      const { rule } = fault;
      if (!isAfter(rule) || !strikes(fault, number)) continue;
      delayMs += rule.delay_ms ?? 0;
      if (rule.kind !== 'slow') return { kind: rule.kind, delayMs };
    }
    return { kind: undefined, delayMs };
  }
}

function strikes(fault: LiveFault, number: string): boolean {
  const { rule } = fault;
  if (rule.number !== undefined && rule.number !== number) return false;
  fault.asked += 1;
  if (fault.asked <= (rule.after ?? 0)) return false;
  if (fault.struck >= (rule.count ?? Number.POSITIVE_INFINITY)) return false;
  if (fault.random() >= (rule.rate ?? 1)) return false;
  fault.struck += 1;
  return true;
}

function isBefore(rule: FaultRule): rule is FaultRule & { kind: BeforeKind } {
  return (BEFORE_KINDS as readonly string[]).includes(rule.kind);
}

function isAfter(rule: FaultRule): rule is FaultRule & { kind: AfterKind } {
  return (AFTER_KINDS as readonly string[]).includes(rule.kind);
}

function stateOf({ id, rule, asked, struck }: LiveFault): FaultState {
  return { id, rule, asked, struck };
}
