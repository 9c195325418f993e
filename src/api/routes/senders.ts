// GET /v1/senders, GET and PATCH /v1/senders/:id. A change binds every process within half a second. Secrets never come back out, and
// what belongs to another workspace or environment is not there.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Accounts, Sender } from '../../accounts/port.ts';
import type { AccountsRegistry } from '../../accounts/registry.ts';
import type { Clock } from '../../base/clock.ts';
import { refused } from '../../base/failure.ts';
import type { Secret } from '../../base/secret.ts';
import { senderPatchSchema } from '../../contract/account.ts';
import { holdOf } from '../../contract/hold.ts';
import type { Hold } from '../../contract/job.ts';
import { durationText } from '../../contract/time.ts';
import { type Publishing, publish } from '../../subscribers/publish.ts';
import { callerOf } from '../auth.ts';
import { createCursors } from '../cursor.ts';
import { checkIfMatch, tagged } from '../etag.ts';
import { type HomeStates, laneHold } from '../home-state.ts';
import { jsonBody } from '../json-body.ts';
import { checkPeriods, limitViews, useView } from '../limit-views.ts';
import { pageAfter } from '../page.ts';
import { noQuery, pageQuery, parseQuery } from '../query.ts';

export interface SenderRoutesOptions extends Publishing {
  clock: Clock;
  accounts: Accounts & Pick<AccountsRegistry, 'change'>;
  secret: Secret;
  states: HomeStates;
}

export function senderRoutes(app: FastifyInstance, options: SenderRoutesOptions): void {
  const { accounts, secret, states } = options;
  const read = { config: { scope: 'senders:read' as const } };
  const write = { config: { scope: 'senders:write' as const } };
  const cursors = createCursors<string>(secret, 'senders');

  app.get('/v1/senders', read, (request) => {
    const caller = callerOf(request);
    const page = pageAfter(accounts.senders(caller), caller, parseQuery(pageQuery, request.query), cursors);
    return { ...page, data: page.data.map(senderView) };
  });

  app.get<{ Params: { id: string } }>('/v1/senders/:id', read, async (request, reply) => {
    parseQuery(noQuery, request.query);
    const sender = ownSender(accounts, request, request.params.id);
    const view = senderView(sender);
    return tagged(request, reply, { ...view, hold: await holdOfSender(states, sender) }, view);
  });

  app.get<{ Params: { id: string } }>('/v1/senders/:id/limits', read, async (request) => {
    parseQuery(noQuery, request.query);
    const sender = ownSender(accounts, request, request.params.id);
    const { nowUs, lanes } = await states.read(sender.home, sender.id);
    const uses = lanes.find(({ id }) => id === sender.id)?.uses ?? [];
    return { data: uses.map((use) => useView(use, nowUs)) };
  });

  app.patch<{ Params: { id: string } }>('/v1/senders/:id', write, async (request, reply) => {
    const { id } = request.params;
    const { given, value } = jsonBody(request, senderPatchSchema);
    parseQuery(noQuery, request.query);
    const before = ownSender(accounts, request, id);
    checkIfMatch(request, senderView(before));
    if (value.limits) checkPeriods(before.limits, value.limits);
    await accounts.change('sender', id, given);
    const sender = ownSender(accounts, request, id);
    const about = { sender: id, portfolio: sender.portfolio?.id ?? null };
    await tellLimitChange(options, request, about, given);
    const view = senderView(sender);
    return tagged(request, reply, { ...view, hold: await holdOfSender(states, sender) }, view);
  });
}

/** Customers are told of limits that the API has changed, as of those that the platform changes. */
export async function tellLimitChange(
  options: Publishing & { clock: Clock },
  request: FastifyRequest,
  about: { sender: string | null; portfolio: string | null },
  given: Record<string, unknown>,
): Promise<void> {
  const { paused: _, ...changes } = given;
  if (Object.keys(changes).length === 0) return;
  const atMs = options.clock.now();
  const data = { ...about, source: 'api', changes };
  await publish(options, callerOf(request), 'sender.limit_changed', [{ parts: [request.id], atMs, data }]);
}

/** What holds all messages of a sender: paused, disabled, or stopped by the platform; null: nothing but its limits. */
async function holdOfSender(states: HomeStates, { home, id }: Sender): Promise<Hold | null> {
  const state = await states.read(home, id);
  const lane = state.lanes.find((one) => one.id === id);
  const held = lane && laneHold(state, lane);
  return held ? holdOf(held) : null;
}

/** Throws `not_found` for a sender that the caller does not have. */
function ownSender(accounts: Accounts, request: FastifyRequest, id: string): Sender {
  const { workspace, environment } = callerOf(request);
  const sender = accounts.sender(id);
  if (sender?.workspace === workspace && sender.environment === environment) return sender;
  throw refused('not_found', 'There is no such sender.');
}

export const senderView = (sender: Sender) => ({
  id: sender.id,
  platform: sender.platform,
  environment: sender.environment,
  portfolio: sender.portfolio?.id ?? null,
  external_id: sender.external_id,
  throughput: sender.throughput,
  arrival_bound: sender.arrival_bound === undefined ? null : durationText(sender.arrival_bound),
  limits: limitViews(sender.limits),
  paused: sender.paused,
  disabled: sender.disabled,
});
