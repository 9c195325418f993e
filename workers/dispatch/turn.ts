// One turn: from an opened lease to its give-back. Peeks at candidates, takes permits, hands each grant to the lane, and waits for the next moment.
import type { Sender } from '../../src/accounts/port.ts';
import type { Candidates, Wake } from '../../src/lanes/lanes.ts';
import { limitsOf } from '../../src/pacing/limits.ts';
import type { DispatchContext } from './context.ts';
import { expireJob } from './expire.ts';
import { withinHours } from './hours.ts';
import type { Lane } from './lane.ts';
import { Lead } from './lead.ts';
import { dropRun, overdueOf } from './overdue.ts';
import { Places } from './places.ts';
import { sift } from './sift.ts';
import { type Taken, take } from './take.ts';
import {
  afterGrants,
  isStale,
  offered,
  openWindow,
  rowsLeft,
  WINDOW_MAX_ROWS,
  type Window,
  windowRowsOf,
} from './window.ts';

/** Candidates that a take may pass because a limit about their person holds them; all of the window once these were not enough. */
const LOOK_AHEAD_ROWS = 8;
/** Candidates of one take. */
const TAKE_MAX = 64;
/** At least this long between two takes of a lane that its limits hold. */
const TAKE_GAP_MS = 8;
/** A turn waits this long for the next moment; for longer it gives the lane back. */
const HOLD_MS = 600;
/** While nothing is due but something will be within `HOLD_MS`, new work is looked for this often. */
const LOOK_MS = 25;
/** The longest wait between two takes: each renews the lease of 3 s. */
const RENEW_MS = 1_000;
/** A lane with this many outcomes that Redis has not taken takes nothing new. */
const MAX_UNSETTLED = 1_000;
/** A home whose memory is not right yet, whose log takes no records or whose outbox is full is asked for again after this. */
const NOT_READY_RETRY_MS = 1_500;
/** A lane whose sender is paused, disabled or unknown is looked at again after this; a change of the account wakes it at once. */
const PAUSED_RETRY_MS = 60_000;

const NOTHING: Window = { version: '', nextDueUs: 0, whole: false, candidates: [] };

export interface TurnOptions {
  context: DispatchContext;
  lane: Lane;
  fence: string;
  /** What the lane showed when the turn was opened. */
  seen: Candidates;
  /** It was opened as parked: it will wait for its process's calls. */
  parked: boolean;
  /** The process, as the lanes know it. */
  holder: string;
  stopping: AbortSignal;
  /** How many turns this process holds. */
  turnsHeld: () => number;
}

/** The turn goes on, or is over: with the ticket to add for the lane's next work. */
type Step = 'goes on' | { wake: Wake | undefined };

export class Turn {
  readonly #context: DispatchContext;
  readonly #lane: Lane;
  readonly #fence: string;
  readonly #stopping: AbortSignal;
  readonly #turnsHeld: () => number;
  #seen: Candidates | undefined;
  readonly #places: Places;
  #seq = 0;
  #lookAhead = LOOK_AHEAD_ROWS;
  /** Of the lane when it was last looked at, not of a take since: what has come in between has not been seen, and sleeping over it would lose it. */
  #version = '';
  #window: Window | undefined;
  /** How many the last take granted: what the next one may expect. */
  #expected = TAKE_MAX;
  readonly #lead = new Lead();
  /** When the next take was meant to leave (local monotonic µs); undefined: as soon as it can. */
  #plannedUs: number | undefined;

  constructor({ context, lane, fence, seen, parked, holder, stopping, turnsHeld }: TurnOptions) {
    this.#context = context;
    this.#lane = lane;
    this.#fence = fence;
    this.#seen = seen;
    this.#places = new Places(context, lane.id, { fence, holder, parked });
    this.#stopping = stopping;
    this.#turnsHeld = turnsHeld;
  }

  /** Resolves when the turn is given back or lost; with the ticket to add for the lane's next work. */
  async run(): Promise<Wake | undefined> {
    for (;;) {
      if (this.#stopping.aborted) return this.#giveBackNow();
      const step = await this.#step();
      if (step !== 'goes on') return step.wake;
    }
  }

  async #step(): Promise<Step> {
    const sender = this.#context.accounts.sender(this.#lane.id.sender);
    if (!sender || sender.disabled || sender.paused || sender.stopped) return this.#rest(PAUSED_RETRY_MS);
    if (this.#window && this.#isStale(this.#window)) this.#window = undefined;
    if (this.#window?.whole && this.#window.candidates.length === 0) return this.#nothingDue(this.#window);
    if (!this.#window || this.#window.candidates.length === 0) {
      const peeked = await this.#look();
      if (!peeked) return { wake: undefined };
      if (!this.#window || this.#window.candidates.length === 0) return this.#nothingDue(peeked);
    }
    return this.#takeAndWait(sender);
  }

  /** Time has passed over the window: a job in it has expired, or something that is not in it has come due. */
  #isStale(window: Window): boolean {
    const { clock, serverClock } = this.#context;
    return (
      isStale(window, clock.now()) ||
      (window.nextDueUs > 0 && this.#msUntil(serverClock.toLocal(window.nextDueUs)) <= 0)
    );
  }

  async #look(): Promise<Candidates | undefined> {
    const { lanes, jobs, clock } = this.#context;
    const all = this.#seen ?? (await this.#peek());
    this.#seen = undefined;
    if (!all) return undefined;
    const peeked = await withinHours(this.#context, this.#lane.id, all);
    this.#version = peeked.version;
    this.#window = await openWindow(jobs, this.#lane.id.home, peeked, clock.now(), {
      expire: (view, shown) => expireJob(this.#context, this.#lane.id, view, shown),
      drop: (cursor) => lanes.drop(this.#lane.id, cursor),
    });
    await this.#markOverdue(peeked);
    return peeked;
  }

  async #peek(): Promise<Candidates | undefined> {
    const { lanes, clock, serverClock } = this.#context;
    const sentUs = clock.monotonicUs();
    const seen = await lanes.peek(this.#lane.id, this.#fence, windowRowsOf(this.#turnsHeld()));
    if (seen) serverClock.observe(sentUs, clock.monotonicUs(), seen.nowUs);
    return seen;
  }

  /** Calls that a dead process left without an outcome: unknown, never queued again by themselves. */
  async #markOverdue({ overdue, nowUs }: Candidates): Promise<void> {
    for (const run of overdue) {
      for (const outcome of await overdueOf(this.#context, this.#lane.id, run, nowUs))
        this.#lane.add(outcome);
      await this.#lane.flush();
      await dropRun(this.#context, this.#lane.id, this.#lane.limitsHeld(), run, nowUs);
    }
  }

  async #nothingDue({ nextDueUs }: Pick<Candidates, 'nextDueUs'>): Promise<Step> {
    const dueMs =
      nextDueUs === 0
        ? Number.POSITIVE_INFINITY
        : this.#msUntil(this.#context.serverClock.toLocal(nextDueUs));
    if (dueMs <= HOLD_MS) return this.#pause(Math.min(LOOK_MS, Math.max(1, dueMs)));
    return this.#giveBack(0);
  }

  async #takeAndWait(sender: Sender): Promise<Step> {
    const window = this.#window;
    if (!window) return 'goes on';
    if (this.#lane.outcomesWaiting > MAX_UNSETTLED) return this.#pause(LOOK_MS);
    const { attempts, outboxFull } = this.#context;
    if (attempts?.ready() === false || (await outboxFull(this.#lane.id.home)))
      return this.#lane.unwritten === 0 ? this.#rest(NOT_READY_RETRY_MS) : this.#pause(LOOK_MS);
    const wanted = Math.min(rowsLeft(window), TAKE_MAX, 2 * this.#expected + 4);
    const reserved = await this.#places.reserve(wanted);
    if (reserved === 0) return 'goes on';
    if (reserved === undefined) return { wake: undefined };
    const taken = await this.#take(sender, offered(window, reserved + this.#lookAhead), reserved);
    const granted = typeof taken === 'object' ? taken.grants.length : 0;
    this.#context.budget.release(reserved - granted);
    if (!taken) return { wake: undefined };
    if (taken === 'unverified') return this.#verify();
    this.#observe(this.#lane.schedule(taken, sender));
    this.#expected = taken.grants.length;
    this.#window = this.#keepWindow(window, taken);
    if (taken.grants.length === reserved) return 'goes on';
    if (this.#looksFurther(taken)) return 'goes on';
    return this.#awaitNext(taken);
  }

  /** The take is home, with its record where there is one. */
  #observe(recorded = Promise.resolve()): void {
    const plannedUs = this.#plannedUs;
    this.#plannedUs = undefined;
    if (plannedUs !== undefined) void recorded.then(() => this.#lead.observe(-this.#msUntil(plannedUs)));
  }

  /** Redis may have lost its memory: nothing goes before somebody has looked. */
  async #verify(): Promise<Step> {
    if (await this.#context.memory.verify(this.#lane.id.home)) return 'goes on';
    return this.#rest(NOT_READY_RETRY_MS);
  }

  /** Rows that stay behind are passed by few at first; when they are all there is, the whole window is looked at. */
  #looksFurther({ leftBehind }: Taken): boolean {
    const before = this.#lookAhead;
    this.#lookAhead = leftBehind ? WINDOW_MAX_ROWS : LOOK_AHEAD_ROWS;
    return this.#lookAhead > before;
  }

  async #take(sender: Sender, window: Window, want: number) {
    try {
      await sift(this.#context, sender, window.candidates);
      return await take(
        { ...this.#context, logged: this.#context.attempts !== undefined },
        this.#lane.id,
        { fence: this.#fence, seq: ++this.#seq },
        limitsOf(sender),
        window.candidates,
        want,
      );
    } catch (error) {
      this.#context.budget.release(want);
      throw error;
    }
  }

  /** A changed lane, or a take that found none of its candidates, is looked at anew. */
  #keepWindow(window: Window, taken: Taken): Window | undefined {
    if (taken.version !== window.version) return undefined;
    const nothingThere =
      taken.grants.length === 0 && taken.nextUs !== undefined && this.#msUntil(taken.nextUs) <= 0;
    return nothingThere ? undefined : afterGrants(window, taken.grants);
  }

  /** The limits let nothing more go for now. */
  async #awaitNext({ nextUs, leftBehind }: Taken): Promise<Step> {
    if (nextUs === undefined) {
      await Promise.race([
        this.#lane.settled,
        this.#lane.nextNudge(),
        this.#context.clock.delay(RENEW_MS, this.#stopping),
      ]);
      return 'goes on';
    }
    const nextMs = this.#msUntil(nextUs);
    if (nextMs > HOLD_MS && this.#lane.unwritten === 0) return this.#rest(nextMs, leftBehind);
    const pauseMs = Math.min(RENEW_MS, Math.max(TAKE_GAP_MS, nextMs - this.#lead.ms));
    this.#plannedUs = this.#context.clock.monotonicUs() + pauseMs * 1_000;
    return this.#pause(pauseMs);
  }

  async #pause(ms: number): Promise<'goes on'> {
    const pause = this.#context.clock.delay(Math.min(ms, RENEW_MS), this.#stopping);
    await Promise.race([pause, this.#lane.nextNudge()]);
    return 'goes on';
  }

  /** Gives the lane back with work in it that cannot go for `ms`; `rowsOnly`: what waits alone may go before. */
  #rest(ms: number, rowsOnly = false): Promise<Step> {
    const { clock, serverClock } = this.#context;
    return this.#giveBack(serverClock.toServer(clock.monotonicUs() + ms * 1_000), rowsOnly);
  }

  async #giveBack(limitedUntilUs: number, rowsOnly = false): Promise<Step> {
    const given = await this.#context.lanes.giveBack(this.#lane.id, this.#fence, this.#version, {
      untilUs: limitedUntilUs,
      rowsOnly,
    });
    if (given.state === 'asleep') return { wake: given.wake };
    if (given.state === 'gone') return { wake: undefined };
    this.#window = undefined;
    const peeked = await this.#look();
    if (!peeked) return { wake: undefined };
    // Something is said to be there and cannot be shown (its job has expired): no reason to spin.
    return rowsLeft(this.#window ?? NOTHING) === 0 && peeked.nextDueUs === 0
      ? this.#pause(LOOK_MS)
      : 'goes on';
  }

  /** On the way down: what was granted is still called, then another process goes on at once. */
  async #giveBackNow(): Promise<Wake | undefined> {
    for (;;) {
      const step = await this.#rest(1);
      if (step !== 'goes on') return step.wake;
    }
  }

  #msUntil(localUs: number): number {
    return (localUs - this.#context.clock.monotonicUs()) / 1_000;
  }
}
