// One random history of a lane's limits, told to the script and to the plain model alike.
import fc from 'fast-check';
import type { Redis } from '../../src/base/redis.ts';
import type { Script } from '../../src/base/script.ts';
import type { Limit } from '../../src/contract/limit.ts';
import { limitArguments, limitKeyList } from '../../src/pacing/limits.ts';
import { Model } from '../../src/pacing/model.ts';
import { freshNamespace } from '../support/services.ts';

export const HORIZON_US = 50_000;
const DEADLINE_US = 31_000_000;
const START_US = 1_800_000_000_000_000;

export type Step =
  | { do: 'take'; want: number; persons: number[] }
  | { do: 'end'; pick: number; tookUs: number; outcome: 'sent' | 'refused' | 'unsent' }
  | { do: 'pass'; us: number }
  | { do: 'count'; limit: number; count: number };

interface Call {
  id: number;
  momentUs: number;
  person: string;
}

/** A call that the platform may have seen, at any time from its moment to its end. */
export interface Written {
  momentUs: number;
  endedUs: number;
  person: string;
  outcome: 'sent' | 'refused';
}

export interface Told {
  /** A line per step: what was granted, and when the next could go. */
  lines: string[];
  written: Written[];
}

const PEOPLE = 12;

/** `spanUs`: the longest time that passes in one step. */
export const steps = (length: number, spanUs: number, rolling: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant('take' as const),
          want: fc.integer({ min: 1, max: 12 }),
          persons: fc.array(fc.nat(PEOPLE), { minLength: 1, maxLength: 16 }),
        }),
      },
      {
        weight: 5,
        arbitrary: fc.record({
          do: fc.constant('end' as const),
          pick: fc.nat(1_000),
          tookUs: fc.integer({ min: 0, max: 400_000 }),
          outcome: fc.constantFrom('sent' as const, 'sent' as const, 'refused' as const, 'unsent' as const),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('pass' as const), us: fc.integer({ min: 1, max: spanUs }) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant('count' as const),
          limit: fc.nat(rolling - 1),
          count: fc.constantFrom(1, 2, 5, 10, 20, 80),
        }),
      },
    ),
    { minLength: length, maxLength: length, size: 'max' },
  );

const personName = (person: number): string => `p${String(person).padStart(15, '0')}`;

const textOf = (step: Step): string => {
  switch (step.do) {
    case 'take':
      return ['take', step.want, ...step.persons.map(personName)].join(' ');
    case 'end':
      return `end ${step.pick} ${step.tookUs} ${step.outcome}`;
    case 'pass':
      return `pass ${step.us}`;
    case 'count':
      return `count ${step.limit + 1} ${step.count}`;
  }
};

export async function byScript(
  redis: Redis,
  script: Script,
  limits: readonly Limit[],
  history: readonly Step[],
): Promise<string[]> {
  const lane = { home: 'h', sender: 's1' };
  return redis.run<string[]>(
    script,
    limitKeyList(freshNamespace(), lane, limits),
    [START_US, HORIZON_US, DEADLINE_US, ...limitArguments(limits, lane.sender), ...history.map(textOf)],
    30_000,
  );
}

export function byModel(limits: readonly Limit[], history: readonly Step[]): Told {
  return new ModelHistory(limits).run(history);
}

class ModelHistory {
  readonly #model = new Model();
  readonly #limits: Limit[];
  #open: Call[] = [];
  #nowUs = START_US;
  readonly #written: Written[] = [];

  constructor(limits: readonly Limit[]) {
    this.#limits = [...limits];
  }

  run(history: readonly Step[]): Told {
    return { lines: history.map((step) => this.#act(step)), written: this.#written };
  }

  #act(step: Step): string {
    if (step.do === 'take') return this.#take(step.want, step.persons.map(personName));
    if (step.do === 'pass') this.#pass(this.#nowUs + step.us);
    else if (step.do === 'count') this.#count(step.limit, step.count);
    else if (this.#open.length > 0) {
      const [call] = this.#open.splice(step.pick % this.#open.length, 1);
      if (!call) throw new Error('no call was picked');
      const endedUs = Math.max(call.momentUs, this.#nowUs) + step.tookUs;
      this.#pass(endedUs);
      this.#finish(call, endedUs, step.outcome);
    }
    return '';
  }

  #take(want: number, persons: string[]): string {
    const candidates = persons.map((person) => ({ person, exempt: false }));
    const taken = this.#model.take(this.#limits, candidates, want, this.#nowUs, HORIZON_US);
    const line = taken.granted.map(({ candidate, momentUs, call }) => {
      this.#open.push({ id: call, momentUs, person: persons[candidate] ?? '' });
      return `${candidate + 1}@${momentUs.toFixed(3)}`;
    });
    const looked = (taken.granted.at(-1)?.candidate ?? -1) + 1;
    const { nextUs, binding } = this.#model.next(this.#limits, this.#nowUs);
    if (nextUs > this.#nowUs + HORIZON_US && taken.granted.length < want && looked < persons.length) {
      const until = Number.isFinite(nextUs) ? nextUs.toFixed(3) : 'unknown';
      line.push(`next ${until} by ${binding ? this.#limits.indexOf(binding) + 1 : 0}`);
    }
    return line.join(' ');
  }

  #count(index: number, count: number): void {
    const limit = this.#limits[index];
    if (limit?.kind === 'rolling') this.#limits[index] = { ...limit, count };
  }

  #finish({ id, momentUs, person }: Call, endedUs: number, outcome: 'sent' | 'refused' | 'unsent'): void {
    this.#model.end([{ call: id, outcome, endedUs }]);
    if (outcome !== 'unsent') this.#written.push({ momentUs, endedUs, person, outcome });
  }

  /** Calls without an answer end at their deadline. */
  #pass(toUs: number): void {
    const late = this.#open.filter(({ momentUs }) => momentUs + DEADLINE_US <= toUs);
    this.#open = this.#open.filter((call) => !late.includes(call));
    for (const call of late.toSorted((a, b) => a.momentUs - b.momentUs))
      this.#finish(call, call.momentUs + DEADLINE_US, 'sent');
    this.#nowUs = toUs;
  }
}
