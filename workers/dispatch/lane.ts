// One lane in the hands of this process: its calls under way and the outcomes that wait to be settled. Outlives the turn until both are empty.

import type { Sender } from '../../src/accounts/port.ts';
import { messageOf } from '../../src/base/failure.ts';
import type { Limit } from '../../src/contract/limit.ts';
import type { Content } from '../../src/contract/record.ts';
import type { LaneId } from '../../src/lanes/keys.ts';
import { stir } from '../../src/lanes/overdue.ts';
import { foldChunk } from '../../src/ledger/fold.ts';
import { hintTold } from '../../src/ledger/outbox.ts';
import { writeAnswerTimes } from '../../src/pacing/answer-times.ts';
import { limitsOf } from '../../src/pacing/limits.ts';
import type { Sent } from '../../src/platforms/port.ts';
import { AnswerMeter } from './answer-meter.ts';
import { settledEntry, startedEntry } from './attempt-entries.ts';
import type { Recorded } from './attempts.ts';
import type { DispatchContext, DispatchMetrics } from './context.ts';
import { holdOf } from './holds.ts';
import { countedAtUs, outcomeOf } from './outcome.ts';
import { type Outcome, SETTLE_MAX, settle, type WholeChunk } from './settle.ts';
import type { Grant, Taken } from './take.ts';
import { noteTold } from './told.ts';
import { both, claimAll, releaseUnreached } from './unique.ts';

/** A call that has not been written this long after its moment is not made. */
const LAST_MOMENT_US = 250_000;
/** A call whose record the log did not take is due again after this. */
const NOT_RECORDED_WAIT_MS = 500;
/** Outcomes wait while the home's memory is not right yet. */
const UNVERIFIED_RETRY_MS = 500;

export class Lane {
  readonly id: LaneId;
  readonly #context: DispatchContext;
  #outcomes: Outcome[] = [];
  /** The first so many of them are on their way to the log. */
  #recorded = 0;
  #settling: Promise<void> | undefined;
  readonly #answers = new AnswerMeter();
  #changed = Promise.withResolvers<void>();
  /** Ends the turn's pause: the sender's account has changed, and what is waited for may have changed with it. */
  nudge: () => void = () => {};
  /** Granted calls whose moment has not come. */
  unwritten = 0;
  /** Calls made and not ended. */
  calling = 0;

  constructor(id: LaneId, context: DispatchContext) {
    this.id = id;
    this.#context = context;
  }

  /** Resolves at the next settled batch. */
  get settled(): Promise<void> {
    return this.#changed.promise;
  }

  /** Resolves at the next nudge. A new promise each time: one that lives on would remember every pause that ever waited for it. */
  nextNudge(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.nudge = resolve;
    return promise;
  }

  get idle(): boolean {
    return this.unwritten === 0 && this.calling === 0 && this.#outcomes.length === 0 && !this.#settling;
  }

  get underWay(): number {
    return this.unwritten + this.calling;
  }

  get outcomesWaiting(): number {
    return this.#outcomes.length;
  }

  /** The limits whose places its calls hold; none when the sender is not known any more. */
  limitsHeld(): Limit[] {
    const sender = this.#context.accounts.sender(this.id.sender);
    return sender ? limitsOf(sender) : [];
  }

  /**
   * Makes each call at its moment, once it is recorded. Each holds one place of the process's budget until it has ended. Resolves when the log
   * has said whether they are recorded; undefined: they need not be.
   */
  schedule({ grants, number }: Pick<Taken, 'grants' | 'number'>, sender: Sender): Promise<void> | undefined {
    const { attempts, clock, moments } = this.#context;
    const recorded =
      attempts && grants.length > 0
        ? attempts.started(this.id.home, startedEntry(this.id.sender, number, clock.now(), grants))
        : undefined;
    const claims = claimAll(this.#context, this.id.sender, clock.randomHex(8), grants);
    for (const grant of grants) {
      this.unwritten++;
      const leave = both(recorded, claims?.get(grant));
      moments.at(grant.momentUs, () => {
        if (leave === undefined || leave.state === 'stored') this.#begin(grant, sender);
        else this.#await(grant, sender, leave);
      });
    }
    return recorded?.done;
  }

  #begin(grant: Grant, sender: Sender): void {
    const { clock } = this.#context;
    this.unwritten--;
    this.calling++;
    void this.#call(grant, sender, () => clock.monotonicUs() <= grant.momentUs + LAST_MOMENT_US);
  }

  /** Its record is not stored yet: at its last moment the call goes back, uncounted. */
  #await(grant: Grant, sender: Sender, recorded: Recorded): void {
    let waits = true;
    const go = (): void => {
      if (!waits) return;
      waits = false;
      if (recorded.state === 'stored') this.#begin(grant, sender);
      else this.#unmade(grant, sender);
    };
    void recorded.done.then(go);
    this.#context.moments.at(grant.momentUs + LAST_MOMENT_US, go);
  }

  #unmade(grant: Grant, sender: Sender): void {
    this.unwritten--;
    this.calling++;
    this.#ended(grant, sender, notRecorded(this.#context.clock.monotonicUs()), grant.view.seal.content);
  }

  /** Takes outcomes that did not come from a call of this process. */
  add(outcome: Outcome): void {
    this.#outcomes.push(outcome);
    this.#context.flusher.wake(this);
  }

  async #call(grant: Grant, sender: Sender, mayWrite: () => boolean): Promise<void> {
    const { clock, jobs, platforms, attemptId } = this.#context;
    const row = jobs.row(grant.view, grant.index);
    const content = row?.[3] ?? grant.view.seal.content;
    const sent: Sent = row
      ? await platforms[sender.platform].send(
          sender,
          {
            to: row[0],
            content,
            variables: row[1] || undefined,
            attemptId: attemptId(grant.view.seal.job, grant.index, grant.try),
          },
          mayWrite,
        )
      : missingRow(clock.monotonicUs());
    if (row) noteTold(this.#context, sender, row[0], sent.verdict);
    this.#ended(grant, sender, sent, content);
  }

  #ended(grant: Grant, sender: Sender, sent: Sent, content: Content): void {
    const { clock, budget, serverClock } = this.#context;
    this.calling--;
    budget.release(1);
    if (sent.writtenAtUs !== undefined) this.#answers.note(sent.endedAtUs - grant.momentUs);
    const times = {
      endedUs: serverClock.toServer(sent.endedAtUs),
      countedUs: serverClock.toServer(countedAtUs(sent, sender.arrival_bound)),
      atMs: clock.now(),
    };
    const hold = holdOf(sent.verdict, sender.id, content, clock.random);
    this.add(outcomeOf(grant, sent, times, hold, clock.random));
  }

  /** Settles what waits; one batch at a time per lane. Never rejects: what Redis did not take stays and is tried again. */
  flush(): Promise<void> {
    this.#settling ??= this.#settleAll().finally(() => {
      this.#settling = undefined;
    });
    return this.#settling;
  }

  async #settleAll(): Promise<void> {
    const { redis, namespace, memory, tickets, serverClock, clock, logger, metrics } = this.#context;
    while (this.#outcomes.length > 0) {
      const batch = this.#outcomes.slice(0, SETTLE_MAX);
      this.#record(batch);
      try {
        await releaseUnreached(this.#context, batch);
        // What goes back to a lane that sleeps may be due before anything upkeep knows of.
        if (batch.some(({ to }) => to === 'q')) stir(redis, namespace, this.id.home);
        const letters = this.#context.accounts.toldOf(this.id.home);
        const settled = await settle(redis, namespace, this.id, this.limitsHeld(), batch, letters);
        if (settled === 'unverified') {
          if (!(await memory.verify(this.id.home))) await clock.delay(UNVERIFIED_RETRY_MS);
          continue;
        }
        const { wake, whole } = settled;
        if (letters !== '') hintTold(redis, namespace, this.id.home);
        this.#outcomes = this.#outcomes.slice(batch.length);
        this.#recorded -= batch.length;
        countOutcomes(batch, metrics);
        this.#changed.resolve();
        this.#changed = Promise.withResolvers<void>();
        if (wake) {
          const delayMs = (serverClock.toLocal(wake.wakeUs) - clock.monotonicUs()) / 1_000;
          await tickets.add({ ...this.id, n: wake.n }, delayMs);
        }
        await this.#fold(whole);
        await this.#tellAnswerTimes();
      } catch (error) {
        logger.warn('settle.delayed', {
          lane: this.id.sender,
          count: this.#outcomes.length,
          reason: messageOf(error),
        });
        await clock.delay(200);
      }
    }
  }

  /** Tells the log once; a batch that is settled again may have grown. */
  #record(batch: readonly Outcome[]): void {
    const news = batch.slice(this.#recorded);
    if (news.length === 0) return;
    this.#recorded += news.length;
    this.#context.attempts?.settled(this.id.home, settledEntry(this.id.sender, news));
  }

  async #tellAnswerTimes(): Promise<void> {
    const { redis, namespace, clock } = this.#context;
    const news = this.#answers.news(clock.monotonicUs());
    if (news) await writeAnswerTimes(redis, namespace, this.id, news);
  }

  async #fold(whole: readonly WholeChunk[]): Promise<void> {
    const { redis, namespace, logger } = this.#context;
    for (const chunk of whole) {
      try {
        await foldChunk(redis, namespace, chunk.view.seal, chunk.n);
      } catch (error) {
        logger.warn('fold.skipped', { job: chunk.view.seal.job, reason: messageOf(error) });
      }
    }
  }
}

const OUTCOME_NAMES = { a: 'accepted', f: 'failed', u: 'unknown', q: 'later' } as const;

function countOutcomes(batch: readonly Outcome[], metrics: DispatchMetrics): void {
  for (const to of ['a', 'f', 'u', 'q'] as const) {
    const count = batch.filter((outcome) => outcome.to === to).length;
    if (count > 0) metrics.calls(OUTCOME_NAMES[to], count);
  }
}

/** The log did not take its record in time. */
const notRecorded = (endedAtUs: number): Sent => ({
  verdict: {
    outcome: 'later',
    code: 'not_recorded',
    message: 'the log did not take the record of this call in time, so it was not made',
    sent: false,
    counts: false,
    maxAttempts: undefined,
    moves: 'item',
    throttled: false,
    wait: { atLeastMs: NOT_RECORDED_WAIT_MS, backoff: { baseMs: 0, capMs: 0 }, askedMs: undefined },
  },
  writtenAtUs: undefined,
  endedAtUs,
});

const missingRow = (endedAtUs: number): Sent => ({
  verdict: {
    outcome: 'failed',
    code: 'content_missing',
    message: 'the content of this row is gone',
    moves: 'item',
  },
  writtenAtUs: undefined,
  endedAtUs,
});
