// Request limits: what a key's plan allows, counted before the body is read, told on every answer, and given back when the answer was a
// replay; one that finds no place left is answered all the same. Fails open: while Redis cannot be asked, requests pass without headers, under what this process counts by itself.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createReplays } from '../accept/replays.ts';
import type { Accounts, Principal } from '../accounts/port.ts';
import type { Clock } from '../base/clock.ts';
import { Failure } from '../base/failure.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Redis } from '../base/redis.ts';
import type { RollingLimit } from '../contract/limit.ts';
import { requestLimitsOf, resetUnitOf } from '../contract/plan.ts';
import { createLocalRequests } from '../pacing/local-requests.ts';
import { createRequestLimiter, type RequestCount, type WindowUse } from '../pacing/requests.ts';
import { headerOf } from './accepted.ts';

/** A count that takes longer than this is not waited for. */
const PATIENCE_MS = 250;

export interface RequestLimitsOptions {
  accounts: Pick<Accounts, 'plan'>;
  redis: Redis;
  namespace: string;
  clock: Clock;
  metrics: Metrics;
}

/** Counts a request of this caller. Throws `rate_limit_exceeded`. */
export type CountRequest = (request: FastifyRequest, reply: FastifyReply, caller: Principal) => Promise<void>;

interface Counted {
  key: string;
  limits: RollingLimit[];
  nowUs: number;
}

export function requestLimits(app: FastifyInstance, options: RequestLimitsOptions): CountRequest {
  const { accounts, redis, namespace, clock, metrics } = options;
  const limiter = createRequestLimiter(redis, namespace);
  const local = createLocalRequests(clock);
  const isReplay = createReplays(redis, namespace, clock);
  const unshared = metrics.counter('requests_unshared_total', 'Requests counted by this process alone', []);
  const counted = new WeakMap<FastifyRequest, Counted>();
  const unitOf = (caller: Principal) => resetUnitOf(accounts.plan(caller.workspace));

  app.addHook('onSend', async (request, reply) => {
    const mine = counted.get(request);
    if (!mine || !request.principal || reply.getHeader('idempotency-replayed') === undefined) return;
    counted.delete(request);
    const now = await inTime(limiter.giveBack(mine.key, mine.limits, mine.nowUs), clock);
    if (now) tell(reply, now, unitOf(request.principal));
  });

  return async (request, reply, caller) => {
    const route = `${request.method} ${request.is404 ? '' : request.routeOptions.url}`;
    const key = headerOf(request, 'idempotency-key');
    const limits = requestLimitsOf(accounts.plan(caller.workspace), route);
    if (limits.length === 0) return;
    const count = await inTime(limiter.count(caller.key, limits), clock);
    if (!count) {
      unshared.inc({});
      const waitMs = local(caller.key, limits);
      if (waitMs > 0) throw exceeded(waitMs);
      return;
    }
    tell(reply, count, unitOf(caller));
    if (!count.granted) {
      const { workspace, environment } = caller;
      const scope = key !== undefined && { workspace, environment, route, key };
      if (scope && (await inTime(isReplay(scope), clock))) return;
      throw exceeded((nextUs(count) - count.nowUs) / 1_000);
    }
    counted.set(request, { key: caller.key, limits, nowUs: count.nowUs });
  };
}

const exceeded = (retryAfterMs: number): Failure =>
  new Failure({
    code: 'rate_limit_exceeded',
    message: 'This API key has made as many requests as its plan allows for now.',
    repeat: 'safe',
    retryAfterMs,
  });

/** Undefined when there is no answer, or none in time. */
function inTime<Value>(count: Promise<Value>, clock: Clock): Promise<Value | undefined> {
  return new Promise((resolve) => {
    const timer = clock.after(PATIENCE_MS, () => resolve(undefined));
    const end = (value: Value | undefined): void => {
      timer.cancel();
      resolve(value);
    };
    count.then(end, () => end(undefined));
  });
}

const leftOf = ({ limit, used }: WindowUse): number => Math.max(0, limit.count - used);

/** When one more request can go: every window must have a place. */
const nextUs = ({ uses, nowUs }: RequestCount): number =>
  Math.max(nowUs, ...uses.filter((use) => leftOf(use) === 0).map(({ freeAtUs }) => freeAtUs ?? nowUs));

/** The window with the smallest part of its places left; of several the one that is full for longest. */
const nearest = (uses: readonly WindowUse[]): WindowUse | undefined =>
  uses.toSorted(
    (a, b) => leftOf(a) / a.limit.count - leftOf(b) / b.limit.count || (b.freeAtUs ?? 0) - (a.freeAtUs ?? 0),
  )[0];

/** `x-ratelimit-*` and the IETF fields (draft-ietf-httpapi-ratelimit-headers-10). Times are rounded up: whoever waits until then is right. */
function tell(reply: FastifyReply, { uses, nowUs }: RequestCount, unit: 'seconds' | 'milliseconds'): void {
  const use = nearest(uses);
  if (!use) return;
  const [left, freeAtUs] = [leftOf(use), use.freeAtUs ?? nowUs];
  const reset = Math.ceil(freeAtUs / (unit === 'seconds' ? 1_000_000 : 1_000));
  const inSeconds = Math.ceil(Math.max(0, freeAtUs - nowUs) / 1_000_000);
  reply
    .header('x-ratelimit-limit', String(use.limit.count))
    .header('x-ratelimit-remaining', String(left))
    .header('x-ratelimit-reset', String(reset))
    .header('ratelimit', `"${use.limit.name}";r=${left};t=${inSeconds}`)
    .header(
      'ratelimit-policy',
      uses.map(({ limit }) => `"${limit.name}";q=${limit.count};w=${limit.perMs / 1_000}`).join(', '),
    );
}
