// The API as one service: the edge, who is asking, the routes, and one shape for every error.
import type { Server } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ControlStation } from '../accept/control.ts';
import type { Accept } from '../accept/port.ts';
import type { ContentCheck } from '../accept/rows.ts';
import type { StreamAccept } from '../accept/stream.ts';
import type { AuditTrail } from '../accounts/audit.ts';
import type { Accounts, SenderWithAccount } from '../accounts/port.ts';
import type { AccountsRegistry } from '../accounts/registry.ts';
import type { Clock } from '../base/clock.ts';
import { refused } from '../base/failure.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { PersonOf } from '../base/person.ts';
import type { Redis } from '../base/redis.ts';
import type { Secret } from '../base/secret.ts';
import type { Service } from '../base/service.ts';
import type { Contacts } from '../contacts/contacts.ts';
import type { Suppressions } from '../contacts/suppressions.ts';
import { createAttemptIds } from '../ledger/attempt-id.ts';
import { homeFinder } from '../ledger/job-id.ts';
import type { LedgerReader } from '../ledger/port.ts';
import type { Submissions } from '../ledger/submissions.ts';
import type { Log } from '../log/port.ts';
import type { MediaFolder } from '../media/folder.ts';
import type { MemoryRight } from '../memory/forgetful.ts';
import type { Webhook } from '../platforms/port.ts';
import { createDeliveries } from '../subscribers/deliveries.ts';
import type { Catalogs } from '../templates/catalog.ts';
import { answerTypeOf } from './accepts.ts';
import { auditChanges } from './audit.ts';
import { checkAdmin, checkScope, identify, unknownKey } from './auth.ts';
import { readBody } from './body.ts';
import { BODIES_IN_FLIGHT_MAX_BYTES, createBodyBudget, KEYLESS_IN_FLIGHT_MAX_BYTES } from './body-budget.ts';
import { createEdge } from './edge.ts';
import { createExports } from './export.ts';
import { foreseen } from './foreseen.ts';
import { type Checks, urlOf } from './health.ts';
import { createHomeIndex } from './home-index.ts';
import type { HomeStates } from './home-state.ts';
import { requestLimits } from './limits.ts';
import { guardMemory, perhapsForgotten } from './memory.ts';
import { createMethodTable, type MethodTable } from './methods.ts';
import { failureOf, internal, sendProblem, surpriseText } from './problem.ts';
import { adminRoutes } from './routes/admin.ts';
import { adminAccountRoutes } from './routes/admin-accounts.ts';
import { contactRoutes } from './routes/contacts.ts';
import { controlRoutes } from './routes/control.ts';
import { deadRoutes } from './routes/dead.ts';
import { eventRoutes } from './routes/events.ts';
import { hookRoutes } from './routes/hooks.ts';
import { jobRoutes } from './routes/jobs.ts';
import { keyRoutes } from './routes/keys.ts';
import { limitRoutes } from './routes/limits.ts';
import { mediaRoutes } from './routes/media.ts';
import { messageRoutes } from './routes/messages.ts';
import { openApiRoutes } from './routes/openapi.ts';
import { planRoutes } from './routes/plan.ts';
import { portfolioRoutes } from './routes/portfolios.ts';
import { senderRoutes } from './routes/senders.ts';
import { suppressionRoutes } from './routes/suppressions.ts';
import { systemRoutes } from './routes/system.ts';
import { templateRoutes } from './routes/templates.ts';
import { uploadRoutes } from './routes/uploads.ts';
import { webhookRoutes } from './routes/webhooks.ts';

export interface ApiOptions {
  config: {
    host: string;
    port: number;
    portShared?: boolean;
    adminKey?: string | undefined;
    stagingHosts?: readonly string[];
  };
  accounts: Accounts & Pick<AccountsRegistry, 'change' | 'create' | 'mark' | 'remove'>;
  accept: Accept;
  stream: StreamAccept;
  control: ControlStation;
  ledger: LedgerReader;
  /** What a platform can say against a message before it is sent. */
  check: ContentCheck;
  /** Where lanes and limits are read. */
  redis: Redis;
  namespace: string;
  /** Where webhooks of the platforms go. */
  log: Pick<Log, 'append' | 'dead'>;
  /** By the platform's name in the address. */
  webhooks: Readonly<Record<string, Webhook>>;
  secret: Secret;
  personOf: PersonOf;
  states: HomeStates;
  suppressions: Suppressions;
  contacts: Contacts;
  catalogs: Catalogs<SenderWithAccount>;
  submissions: Pick<Submissions, 'dueMs'>;
  media: MediaFolder;
  audit: AuditTrail;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
  /** Whether the other parts of this process still move. */
  healthy?: () => boolean;
  /** Whether Redis knows all that it should; undefined where nobody can know. */
  memoryRight?: MemoryRight;
  /** What /readyz asks, by name: `{ redis: () => redis.ping(), log: () => log.ping() }`. */
  checks: Checks;
  /** Bytes of bodies that may be held at once; past it, 503. */
  bodiesMaxBytes?: number;
}

export interface Api extends Service {
  /** `http://host:port` once started; the port is the real one when 0 was asked for. */
  url(): string;
  /** Every route, once started. HEAD goes with GET and is not named. */
  routes(): readonly ApiRoute[];
}

export interface ApiRoute {
  method: string;
  url: string;
  /** What a key must be allowed; undefined: open to everybody. */
  scope: string | undefined;
}

export function createApi(options: ApiOptions): Api {
  const { config, logger } = options;
  const app = createEdge(options.clock);
  const methods = createMethodTable();
  observe(app, options);
  guard(app, options);
  parseBodies(app, options);
  auditChanges(app, options.audit);
  guardMemory(app, options.memoryRight);
  answerErrors(app, methods, options);
  const known: ApiRoute[] = [];
  app.addHook('onRoute', ({ method, url, config }) => {
    for (const one of [method].flat()) {
      methods.add(one, url);
      if (one !== 'HEAD') known.push({ method: one, url, scope: config?.scope });
    }
  });
  // A plugin, so that the hooks above are in place when its routes are made.
  app.register(async (routes) => {
    systemRoutes(routes, options);
    openApiRoutes(routes);
    const homes = createHomeIndex(options.accounts, options.secret);
    const ledger = foreseen({ ...options, homeOfJob: homeFinder(homes) });
    messageRoutes(routes, { ...options, ledger });
    limitRoutes(routes, options);
    keyRoutes(routes, options);
    adminRoutes(routes, options);
    adminAccountRoutes(routes, options);
    senderRoutes(routes, options);
    portfolioRoutes(routes, options);
    planRoutes(routes, options);
    jobRoutes(routes, { ...options, ledger, homes, exports: createExports(options.ledger) });
    controlRoutes(routes, { ...options, ledger, homes });
    deadRoutes(routes, options);
    eventRoutes(routes, { ...options, ledger, homes });
    suppressionRoutes(routes, options);
    contactRoutes(routes, options);
    templateRoutes(routes, { ...options, ledger });
    mediaRoutes(routes, { ...options, ledger });
    webhookRoutes(routes, { ...options, deliveries: createDeliveries(options.redis, options.namespace) });
    uploadRoutes(routes, { ...options, ledger });
    hookRoutes(routes, { ...options, homes, attemptIds: createAttemptIds(options.secret) });
  });
  return {
    name: 'api',
    start: async () => {
      await app.listen({
        host: config.host,
        port: config.port,
        ...(config.portShared && { reusePort: true }),
      });
      logger.info('api.listening', { address: urlOf(app.server as Server, config.host) });
    },
    stop: () => app.close(),
    url: () => urlOf(app.server as Server, config.host),
    routes: () => known,
  };
}

/** Answers are data: no browser is to guess, frame, run or keep them. Other origins are let in by nothing: no answer allows them. */
const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/** Ids, counts and times of requests. Routes are named by their pattern: a path holds ids. */
function observe(app: FastifyInstance, { metrics, logger, clock }: ApiOptions): void {
  const requests = metrics.counter('http_requests_total', 'Requests by route and status', [
    'method',
    'route',
    'status',
  ]);
  const seconds = metrics.histogram('http_request_seconds', 'Time from request to answer', ['route']);
  const began = new WeakMap<FastifyRequest, number>();
  app.addHook('onRequest', async (request, reply) => {
    began.set(request, clock.monotonicUs());
    reply.header('x-request-id', request.id).headers(SECURITY_HEADERS);
  });
  app.addHook('onResponse', async (request, reply) => {
    const tookUs = clock.monotonicUs() - (began.get(request) ?? clock.monotonicUs());
    const route = request.routeOptions.url ?? 'none';
    requests.inc({ method: request.method, route, status: String(reply.statusCode) });
    seconds.observe({ route }, tookUs / 1_000_000);
    logger.debug('request.answered', {
      request_id: request.id,
      method: request.method,
      route,
      status: reply.statusCode,
      duration_ms: Math.round(tookUs / 1_000),
    });
  });
}

/** Who asks, how much they may ask, and what. A path that does not exist costs its caller a request too. */
function guard(app: FastifyInstance, options: ApiOptions): void {
  const { accounts, config } = options;
  app.decorateRequest('principal', undefined);
  const count = requestLimits(app, options);
  app.addHook('onRequest', async (request, reply) => {
    const { scope } = request.routeOptions.config;
    if (scope === 'admin' && !request.is404) {
      checkAdmin(config.adminKey, request);
      answerTypeOf(request);
      return;
    }
    if (scope === undefined && !request.is404) return;
    const principal = identify(accounts, request);
    if (principal) await count(request, reply, principal);
    if (scope === undefined || request.is404) return;
    if (!principal) throw unknownKey(request);
    request.principal = principal;
    checkScope(principal, scope);
    answerTypeOf(request);
  });
}

/** Every body comes as bytes, whatever it claims to be; what it may be is decided in one place. */
function parseBodies(app: FastifyInstance, { metrics, bodiesMaxBytes }: ApiOptions): void {
  const budgetOf = (name: string, help: string, maxBytes: number) => {
    const held = metrics.gauge(name, help);
    return createBodyBudget(maxBytes, (bytes) => held.set({}, bytes));
  };
  const customers = budgetOf(
    'http_bodies_bytes',
    'Bytes of request bodies held',
    bodiesMaxBytes ?? BODIES_IN_FLIGHT_MAX_BYTES,
  );
  // Bodies without a key are checked only when they are whole: strangers must not use up what customers need.
  const strangers = budgetOf(
    'http_keyless_bodies_bytes',
    'Bytes of request bodies held that came without a key',
    KEYLESS_IN_FLIGHT_MAX_BYTES,
  );
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (request: FastifyRequest) => {
    // Of an unknown route nothing is read, and an upload is read by who takes it.
    if (request.is404 || request.routeOptions.config.streams) return undefined;
    return readBody(request, request.principal ? customers : strangers);
  });
}

function answerErrors(app: FastifyInstance, methods: MethodTable, { logger, memoryRight }: ApiOptions): void {
  app.setErrorHandler(async (error, request, reply) => {
    const failure = await perhapsForgotten(memoryRight, request, failureOf(error) ?? internal(error));
    if (failure.code === 'internal') {
      const route = request.routeOptions.url ?? 'none';
      logger.error('request.failed', {
        request_id: request.id,
        method: request.method,
        route,
        reason: surpriseText(failure.cause ?? failure),
      });
    }
    return sendProblem(reply, failure);
  });
  app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    const allowed = methods.of(request.url.split('?')[0] ?? '');
    if (allowed.length === 0) return sendProblem(reply, refused('not_found', 'There is no such route.'));
    reply.header('allow', allowed.join(', '));
    return sendProblem(reply, refused('method_not_allowed', `This route takes ${allowed.join(', ')}.`));
  });
}
