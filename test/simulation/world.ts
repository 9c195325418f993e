// A small world in virtual time: events in the order of their time, chance from one seed, and a trace that is the same for the same seed.
// Whatever an actor waits for is a step: it may be carried out, lose its reply, or meet the actor's death or a long pause before or after it.
import { createHash } from 'node:crypto';
import { seededRandom } from '../support/dice.ts';

/** A fixed time of the day, so that a seed means the same tomorrow; days ahead, so that no moment of Redis' own has passed. */
const DAY_US = 86_400_000_000;
/** Steps meet faults only until then; what comes after must mend it all. */
const FAULTS_UNTIL_US = 12_000_000;
/** A world that does more is taken for one that spins. */
const MAX_EVENTS = 60_000;
const MAX_FAULTS = 8;
/** What was late is home by then. */
const AFTERMATH_US = 500_000;

/** Whoever acts in the world. */
export interface Inhabitant {
  readonly role: string;
  readonly life: number;
  readonly name: string;
  /** Whether it meets faults. */
  readonly mortal: boolean;
  alive: boolean;
  pausedUntilUs: number;
}

export interface WorldEvent {
  atUs: number;
  /** Whose it is; undefined: the world's own. */
  actor: Inhabitant | undefined;
  fire(): void | Promise<void>;
  canceled: boolean;
}

const FAULTS = ['die before', 'die after', 'lose the reply', 'lose the request', 'pause', 'stall'] as const;
export type Fault = (typeof FAULTS)[number];

export interface Happened {
  actor: string;
  role: string;
  fault: Fault;
  atUs: number;
}

export class World {
  readonly startUs = (Math.floor(Date.now() / 86_400_000) + 1) * DAY_US;
  nowUs = this.startUs;
  readonly trace: string[] = [];
  readonly faults: Happened[] = [];
  /** Starts the next life of a role that has died. */
  onDeath: (role: string, life: number) => void = () => {};
  readonly random: () => number;
  /** What becomes of calls is heard late and told twice: slow answers, and connections that break over them for seconds. */
  readonly lateOutcomes: boolean;
  readonly #weights: readonly number[];
  readonly #rate: number;
  #faultsLeft: number;
  #events: WorldEvent[] = [];
  #over = false;
  #troubledUntilUs = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
    this.#faultsLeft = this.int(0, MAX_FAULTS);
    this.#rate = 0.005 + 0.08 * this.random() ** 2;
    this.lateOutcomes = this.chance(0.25);
    this.#weights = FAULTS.map((fault) =>
      this.lateOutcomes ? Number(fault === 'lose the reply') : this.random() ** 2,
    );
  }

  /** A whole number from `from` to `to`, both included. */
  int(from: number, to: number): number {
    return from + Math.floor(this.random() * (to - from + 1));
  }

  chance(part: number): boolean {
    return this.random() < part;
  }

  /** How long something takes, µs: short as a rule, and sometimes long enough to overtake what should have come first. */
  latencyUs(): number {
    const kind = this.random();
    if (kind < 0.85) return this.int(100, 900);
    return kind < 0.98 ? this.int(1_000, 15_000) : this.int(20_000, 300_000);
  }

  at(atUs: number, actor: Inhabitant | undefined, fire: WorldEvent['fire']): WorldEvent {
    const event = { atUs, actor, fire, canceled: false };
    this.#insert(event);
    return event;
  }

  #insert(event: WorldEvent): void {
    let i = this.#events.length;
    while (i > 0 && (this.#events[i - 1]?.atUs ?? 0) > event.atUs) i -= 1;
    this.#events.splice(i, 0, event);
  }

  note(who: Inhabitant | undefined, what: string): void {
    this.trace.push(`${((this.nowUs - this.startUs) / 1_000).toFixed(3)} ${who?.name ?? 'world'} ${what}`);
  }

  hash(): string {
    return createHash('sha256').update(this.trace.join('\n')).digest('hex').slice(0, 16);
  }

  end(): void {
    this.#over = true;
  }

  get calm(): boolean {
    return this.#faultsLeft === 0 || this.nowUs > this.startUs + FAULTS_UNTIL_US;
  }

  /** What meets this step of the actor. */
  faultAt(actor: Inhabitant, label: string): Fault | undefined {
    if (this.calm || !actor.mortal || this.random() >= this.#chanceAt(actor, label)) return undefined;
    const fault = this.#draw();
    this.#faultsLeft -= 1;
    this.faults.push({ actor: actor.name, role: actor.role, fault, atUs: this.nowUs });
    this.note(actor, `FAULT ${fault}: ${label}`);
    return fault;
  }

  #chanceAt(actor: Inhabitant, label: string): number {
    if (this.lateOutcomes) return label === 'settle' ? 0.3 : 0.005;
    return this.#rate * weightOf(actor, label);
  }

  #draw(): Fault {
    let at = this.random() * this.#weights.reduce((a, b) => a + b, 0);
    for (const [i, fault] of FAULTS.entries()) {
      at -= this.#weights[i] ?? 0;
      if (at < 0) return fault;
    }
    return 'pause';
  }

  pause(actor: Inhabitant): void {
    actor.pausedUntilUs = this.nowUs + this.int(300_000, 7_000_000);
    this.#troubledUntilUs = Math.max(this.#troubledUntilUs, actor.pausedUntilUs);
  }

  /** How long a request hangs in the network, µs. */
  stallUs(): number {
    const us = this.int(20_000, 4_500_000);
    this.#troubledUntilUs = Math.max(this.#troubledUntilUs, this.nowUs + us);
    return us;
  }

  /** Whoever stood still, and whatever hung, has gone on. */
  get untroubled(): boolean {
    return this.nowUs > this.#troubledUntilUs + AFTERMATH_US;
  }

  kill(actor: Inhabitant): void {
    if (!actor.alive) return;
    actor.alive = false;
    this.at(this.nowUs + this.int(50_000, 2_000_000), undefined, () =>
      this.onDeath(actor.role, actor.life + 1),
    );
  }

  /** Until `end` was called; false: it did not come in time. */
  async run(limitUs: number): Promise<boolean> {
    for (let count = 0; count < MAX_EVENTS && !this.#over; count += 1) {
      const event = this.#events.shift();
      if (!event || event.atUs > this.startUs + limitUs) return false;
      if (event.canceled || event.actor?.alive === false) continue;
      const pausedUs = event.actor?.pausedUntilUs ?? 0;
      if (pausedUs > event.atUs) {
        event.atUs = pausedUs;
        this.#insert(event);
        continue;
      }
      this.nowUs = Math.max(this.nowUs, event.atUs);
      await event.fire();
      await settled();
    }
    return this.#over;
  }
}

/** Faults gather where something is decided. */
const DECIDES = /^(settle|take|append|claim|done|give-back|open-turn|open-job|put-chunk|control|resend)/;
const weightOf = (actor: Inhabitant, label: string): number =>
  DECIDES.test(label) ? 3 : actor.role === 'upkeep' ? 0.1 : 0.6;

/** Everything that can go on without the world has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
