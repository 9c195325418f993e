// Delivers what waits: endpoint by endpoint, each at its own pace. An endpoint that fails has one call at a time and then pauses, so that it
// takes nothing from the others; one that fails for days, or says 410, is disabled, and its owner is told at the other endpoints.
import type { Endpoint } from '../../src/accounts/port.ts';
import type { AccountsRegistry } from '../../src/accounts/registry.ts';
import type { Clock } from '../../src/base/clock.ts';
import { messageOf } from '../../src/base/failure.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { CounterMetric, Metrics } from '../../src/base/metrics.ts';
import { isoTime } from '../../src/contract/time.ts';
import { type Body, bodyOf } from '../../src/subscribers/body.ts';
import type { Deliveries, Delivery, Tried } from '../../src/subscribers/deliveries.ts';
import { pauseMs, waitMs } from '../../src/subscribers/retry.ts';
import { type CallOptions, callEndpoint, type Verdict } from './call.ts';
import { CALLS_MAX, Line } from './line.ts';

/** Nobody else gets a delivery for so much longer than its call may take. */
const HIDDEN_MARGIN_MS = 10_000;
/** What is due later than this is found by the look at all endpoints. */
const TIMER_MAX_MS = 10_000;

export type DisabledReason = 'gone' | 'failing' | 'backlog';

export interface DeliverOptions extends CallOptions {
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
  accounts: Pick<AccountsRegistry, 'endpoint'>;
  deliveries: Deliveries;
  /** The first wait of a delivery that failed, ms. */
  retryUnitMs: number;
  /** An endpoint that takes nothing for so long is disabled, ms. */
  disableAfterMs: number;
  disable(endpoint: Endpoint, reason: DisabledReason, sinceMs: number): Promise<void>;
}

export class Deliverer {
  readonly #options: DeliverOptions;
  readonly #told: CounterMetric<'outcome'>;
  readonly #lines = new Map<string, Line>();
  /** Endpoints that wait for room among all calls. */
  readonly #waiting = new Set<string>();
  readonly #atWork = new Set<Promise<void>>();
  #calls = 0;
  #stopped = false;
  /** Tries that have ended. */
  ended = 0;

  constructor(options: DeliverOptions) {
    this.#options = options;
    const help = 'Tries of deliveries to customers, by outcome';
    this.#told = options.metrics.counter('webhook_deliveries_total', help, ['outcome']);
  }

  /** Something may be due for this endpoint. */
  wake(id: string): void {
    if (this.#stopped) return;
    const line = this.#lines.get(id) ?? new Line(id);
    this.#lines.set(id, line);
    if (line.claiming) line.again = true;
    else this.#track(this.#serve(line));
  }

  /** Ends what is under way, and begins nothing. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const line of this.#lines.values()) line.rest();
    while (this.#atWork.size > 0) await Promise.all(this.#atWork);
  }

  #track(work: Promise<void>): void {
    const done = work.finally(() => this.#atWork.delete(done));
    this.#atWork.add(done);
  }

  /** Hands out calls until nothing is due or there is no room. */
  async #serve(line: Line): Promise<void> {
    line.claiming = true;
    line.rest();
    try {
      do {
        line.again = false;
        const endpoint = this.#options.accounts.endpoint(line.id);
        if (!endpoint?.enabled || this.#stopped) break;
        const room = line.room(this.#calls);
        if (room > 0) await this.#claim(endpoint, line, room);
        else if (this.#calls >= CALLS_MAX) this.#waiting.add(line.id);
      } while (line.again);
    } catch (error) {
      this.#options.logger.warn('webhook.delayed', { endpoint: line.id, reason: messageOf(error) });
    } finally {
      line.claiming = false;
      if (line.idle) this.#lines.delete(line.id);
    }
  }

  async #claim(endpoint: Endpoint, line: Line, room: number): Promise<void> {
    const { deliveries, logger, clock, timeoutMs } = this.#options;
    const claimed = await deliveries.claim(endpoint, room, timeoutMs + HIDDEN_MARGIN_MS);
    line.failures = claimed.failures;
    if (claimed.gone > 0) {
      this.#told.inc({ outcome: 'lost' }, claimed.gone);
      logger.error('webhook.lost', { endpoint: endpoint.id, count: claimed.gone });
    }
    for (const delivery of claimed.deliveries) {
      line.calls += 1;
      this.#calls += 1;
      this.#track(this.#attempt(endpoint, line, delivery));
    }
    // With more than was asked for, the end of a call asks again.
    if (claimed.deliveries.length === room || claimed.nextMs === undefined) return;
    const inMs = claimed.nextMs - clock.now();
    if (inMs <= TIMER_MAX_MS) line.timer = clock.after(Math.max(1, inMs), () => this.wake(line.id));
  }

  async #attempt(endpoint: Endpoint, line: Line, delivery: Delivery): Promise<void> {
    try {
      const body = bodyOf(delivery.record, endpoint.events);
      const verdict = body ? await callEndpoint(this.#options, endpoint, body) : undefined;
      await this.#end(endpoint, line, delivery, body, verdict);
      this.#told.inc({ outcome: outcomeOf(verdict) });
    } catch (error) {
      // Nobody knows that it was ended: it is handed out again when its time is over.
      this.#options.logger.warn('webhook.delayed', { endpoint: endpoint.id, reason: messageOf(error) });
    } finally {
      line.calls -= 1;
      this.#calls -= 1;
      this.ended += 1;
      this.wake(line.id);
      const [next] = this.#waiting;
      if (next !== undefined) {
        this.#waiting.delete(next);
        this.wake(next);
      }
    }
  }

  async #end(
    endpoint: Endpoint,
    line: Line,
    delivery: Delivery,
    body: Body | undefined,
    verdict: Verdict | undefined,
  ): Promise<void> {
    const { clock, deliveries, retryUnitMs, disableAfterMs, disable } = this.#options;
    const failed = verdict !== undefined && !verdict.taken;
    const nowMs = clock.now();
    const waits = { unitMs: retryUnitMs, random: clock.random };
    const againMs = failed ? nowMs + waitMs(waits, delivery.attempt, verdict.retryAfterMs) : undefined;
    const pause = failed ? pauseMs(waits, line.failures + 1, verdict.retryAfterMs) : 0;
    const { failures, sinceMs } = await deliveries.end(endpoint, delivery, {
      againMs,
      untilMs: pause > 0 ? nowMs + pause : 0,
      tried: triedOf(delivery, body, verdict, nowMs, againMs),
    });
    line.failures = failures;
    if (verdict?.gone) await disable(endpoint, 'gone', sinceMs);
    else if (failed && sinceMs > 0 && nowMs - sinceMs > disableAfterMs)
      await disable(endpoint, 'failing', sinceMs);
  }
}

const triedOf = (
  { record, position, attempt }: Delivery,
  body: Body | undefined,
  verdict: Verdict | undefined,
  nowMs: number,
  againMs: number | undefined,
): Tried => ({
  id: body?.id ?? record.id,
  position,
  type: body?.type ?? 'none',
  events: body?.events ?? 0,
  attempt,
  at: isoTime(nowMs),
  duration_ms: verdict?.durationMs ?? 0,
  status: verdict?.status ?? null,
  error: verdict?.error ?? null,
  next_attempt_at: againMs === undefined ? null : isoTime(againMs),
});

function outcomeOf(verdict: Verdict | undefined): string {
  if (!verdict) return 'not_wanted';
  return verdict.taken ? 'taken' : (verdict.error ?? 'failed');
}
