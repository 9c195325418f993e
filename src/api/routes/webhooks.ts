// Customers' webhook endpoints: GET and POST /v1/webhooks, GET, PATCH and DELETE /v1/webhooks/:id, POST …/rotate, …/test and …/replay, and
// GET …/deliveries. A secret is told once, when it is made.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Accounts, Endpoint } from '../../accounts/port.ts';
import type { AccountsRegistry } from '../../accounts/registry.ts';
import type { Clock } from '../../base/clock.ts';
import { refused } from '../../base/failure.ts';
import type { Secret } from '../../base/secret.ts';
import { isoTime } from '../../contract/time.ts';
import {
  type WebhookView,
  webhookCreateSchema,
  webhookPatchSchema,
  webhookReplaySchema,
  webhookRotateSchema,
} from '../../contract/webhook.ts';
import { addressProblem } from '../../subscribers/address.ts';
import type { Deliveries } from '../../subscribers/deliveries.ts';
import { eventId, recordOfOne } from '../../subscribers/publish.ts';
import { secretOf } from '../../subscribers/signature.ts';
import { callerOf } from '../auth.ts';
import { createCursors } from '../cursor.ts';
import { checkIfMatch, tagged } from '../etag.ts';
import { invalidBody, jsonBody, optionalBody } from '../json-body.ts';
import { pageAfter } from '../page.ts';
import { noQuery, pageQuery, parseQuery } from '../query.ts';

export interface WebhookRoutesOptions {
  accounts: Accounts & Pick<AccountsRegistry, 'change' | 'create' | 'remove'>;
  deliveries: Deliveries;
  secret: Secret;
  clock: Clock;
}

/** Endpoints that one workspace has in one environment. */
const ENDPOINTS_MAX = 100;
const SECRET_BYTES = 32;
const ID_BYTES = 11;
const nothing = z.strictObject({});

type WithId = { Params: { id: string } };

export function webhookRoutes(app: FastifyInstance, options: WebhookRoutesOptions): void {
  const { accounts, secret, clock } = options;
  const admin = { config: { scope: 'webhooks:admin' as const } };
  const cursors = createCursors<string>(secret, 'webhooks');

  app.get('/v1/webhooks', admin, (request) => {
    const caller = callerOf(request);
    const page = pageAfter(accounts.endpoints(caller), caller, parseQuery(pageQuery, request.query), cursors);
    return { ...page, data: page.data.map(viewOf) };
  });

  app.post('/v1/webhooks', admin, async (request, reply) => {
    const { value } = jsonBody(request, webhookCreateSchema);
    parseQuery(noQuery, request.query);
    const { workspace, environment } = callerOf(request);
    checkNew(accounts.endpoints({ workspace, environment }), value.url);
    const id = `whk_${clock.randomHex(ID_BYTES)}`;
    const made = newSecret(clock);
    await accounts.create({
      kind: 'webhook',
      id,
      workspace,
      value: { ...value, environment, created_at: clock.now() },
      secrets: { secret: made },
    });
    reply.code(201).header('location', `/v1/webhooks/${id}`);
    return { ...viewOf(ownEndpoint(accounts, request, id)), secret: made };
  });

  app.get<WithId>('/v1/webhooks/:id', admin, (request, reply) => {
    parseQuery(noQuery, request.query);
    return tagged(request, reply, viewOf(ownEndpoint(accounts, request, request.params.id)));
  });

  app.patch<WithId>('/v1/webhooks/:id', admin, async (request, reply) => {
    const { value } = jsonBody(request, webhookPatchSchema);
    parseQuery(noQuery, request.query);
    const before = ownEndpoint(accounts, request, request.params.id);
    checkIfMatch(request, viewOf(before));
    if (value.url !== undefined) checkUrl(before, value.url);
    const again = value.enabled === true ? { disabled_reason: null, disabled_at: null } : {};
    await accounts.change('webhook', before.id, { ...value, ...again });
    if (value.enabled === true) await options.deliveries.wake(before);
    return tagged(request, reply, viewOf(ownEndpoint(accounts, request, before.id)));
  });

  app.delete<WithId>('/v1/webhooks/:id', admin, async (request, reply) => {
    optionalBody(request, nothing);
    parseQuery(noQuery, request.query);
    const endpoint = ownEndpoint(accounts, request, request.params.id);
    await accounts.remove('webhook', endpoint.id);
    await options.deliveries.forget(endpoint);
    return reply.code(204).send();
  });
  actionRoutes(app, options);
}

function actionRoutes(
  app: FastifyInstance,
  { accounts, deliveries, secret, clock }: WebhookRoutesOptions,
): void {
  const admin = { config: { scope: 'webhooks:admin' as const } };
  const cursors = createCursors<string>(secret, 'deliveries');

  app.post<WithId>('/v1/webhooks/:id/rotate', admin, async (request) => {
    const { overlap } = optionalBody(request, webhookRotateSchema);
    parseQuery(noQuery, request.query);
    const before = ownEndpoint(accounts, request, request.params.id);
    const made = newSecret(clock);
    const until = { previous_until: clock.now() + overlap };
    await accounts.change('webhook', before.id, until, { secret: made, previous_secret: before.secret });
    return { ...viewOf(ownEndpoint(accounts, request, before.id)), secret: made };
  });

  app.post<WithId>('/v1/webhooks/:id/test', admin, async (request, reply) => {
    optionalBody(request, nothing);
    parseQuery(noQuery, request.query);
    const endpoint = enabledEndpoint(accounts, request, request.params.id);
    const { workspace, environment } = endpoint;
    const id = eventId(secret, ['webhook.test', request.id]);
    const data = { webhook_id: endpoint.id };
    const event = { id, type: 'webhook.test' as const, workspace, environment, atMs: clock.now(), data };
    await deliveries.put(recordOfOne(event), [endpoint]);
    await deliveries.hint(endpoint);
    return reply.code(202).send({ id });
  });

  app.post<WithId>('/v1/webhooks/:id/replay', admin, async (request, reply) => {
    const { value } = jsonBody(request, webhookReplaySchema);
    parseQuery(noQuery, request.query);
    const endpoint = enabledEndpoint(accounts, request, request.params.id);
    if (value.delivery !== undefined) {
      if (await deliveries.replayOne(endpoint, value.delivery))
        return reply.code(202).send({ count: 1, until: null });
      throw refused('not_found', 'There is no such delivery, or it is kept no more.');
    }
    const { count, untilMs } = await deliveries.replay(endpoint, value.from ?? 0, value.to ?? clock.now());
    return reply.code(202).send({ count, until: untilMs === undefined ? null : isoTime(untilMs) });
  });

  app.get<WithId>('/v1/webhooks/:id/deliveries', admin, async (request) => {
    const { limit, cursor } = parseQuery(pageQuery, request.query);
    const endpoint = ownEndpoint(accounts, request, request.params.id);
    const before = cursor === undefined ? undefined : cursors.read([endpoint.id], cursor);
    const found = await deliveries.tried(endpoint, limit + 1, before);
    const last = found.length > limit ? found[limit - 1] : undefined;
    return {
      data: found.slice(0, limit).map(({ tried: { position: _, ...view } }) => view),
      has_more: last !== undefined,
      next_cursor: last ? cursors.write([endpoint.id], last.cursor) : null,
    };
  });
}

/** Throws `not_found` for an endpoint that the caller does not have. */
function ownEndpoint(accounts: Accounts, request: FastifyRequest, id: string): Endpoint {
  const { workspace, environment } = callerOf(request);
  const endpoint = accounts.endpoint(id);
  if (endpoint?.workspace === workspace && endpoint.environment === environment) return endpoint;
  throw refused('not_found', 'There is no such webhook.');
}

function enabledEndpoint(accounts: Accounts, request: FastifyRequest, id: string): Endpoint {
  const endpoint = ownEndpoint(accounts, request, id);
  if (endpoint.enabled) return endpoint;
  throw refused('conflict', 'The webhook is disabled: enable it first.');
}

function checkNew(others: readonly Endpoint[], url: string): void {
  checkAddress(url);
  if (others.some((other) => other.url === url))
    throw refused('conflict', 'There is a webhook with this URL already.');
  if (others.length >= ENDPOINTS_MAX)
    throw refused('conflict', `There are ${ENDPOINTS_MAX} webhooks already.`);
}

/** An address of the file may be private, and only the file may say so. */
function checkUrl(before: Endpoint, url: string): void {
  if (before.fromFile)
    throw refused('conflict', 'The webhook stands in the accounts file: change its URL there.');
  checkAddress(url);
}

function checkAddress(url: string): void {
  const message = addressProblem(url, false);
  if (message !== undefined) throw invalidBody([{ path: 'url', code: 'invalid_url', message }]);
}

const newSecret = (clock: Clock): string => secretOf(Buffer.from(clock.randomHex(SECRET_BYTES), 'hex'));

const timeOf = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));

const viewOf = (endpoint: Endpoint): WebhookView => ({
  id: endpoint.id,
  url: endpoint.url,
  events: endpoint.events,
  description: endpoint.description,
  environment: endpoint.environment,
  enabled: endpoint.enabled,
  disabled_reason: endpoint.disabled_reason,
  disabled_at: timeOf(endpoint.disabled_at),
  created_at: timeOf(endpoint.created_at),
  source: endpoint.fromFile ? 'file' : 'api',
});
