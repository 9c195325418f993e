// The stations by name, each built from the stores. One process may run any set of them.
import { createAccept } from '../src/accept/accept.ts';
import { createBacklog, type Relief } from '../src/accept/backlog.ts';
import { createControlStation } from '../src/accept/control.ts';
import { createRetries } from '../src/accept/retry.ts';
import { createStreamAccept } from '../src/accept/stream.ts';
import { createApi } from '../src/api/app.ts';
import { createHealthServer } from '../src/api/health.ts';
import { createHomeStates } from '../src/api/home-state.ts';
import { createFinishOf } from '../src/api/plan.ts';
import { createRelief } from '../src/api/relief.ts';
import { createHttpClient } from '../src/base/http.ts';
import { createMetrics } from '../src/base/metrics.ts';
import { resolvePublic } from '../src/base/public-address.ts';
import type { Service } from '../src/base/service.ts';
import { createWatchdog, type Watchdog } from '../src/base/watchdog.ts';
import { createRecent } from '../src/contacts/recent.ts';
import { createControls } from '../src/lanes/control.ts';
import { createHolders } from '../src/lanes/holders.ts';
import { createLanes } from '../src/lanes/lanes.ts';
import { createOverdueLanes } from '../src/lanes/overdue.ts';
import { createAttemptIds } from '../src/ledger/attempt-id.ts';
import { homeFinder } from '../src/ledger/job-id.ts';
import { createOutboxFull, hintTold } from '../src/ledger/outbox.ts';
import { createUnsealed } from '../src/ledger/unsealed.ts';
import { createUploads } from '../src/ledger/uploads.ts';
import { createHalt } from '../src/memory/halt.ts';
import { createServerClock } from '../src/pacing/server-clock.ts';
import { aftermathOf, isOptOut } from '../src/platforms/meta/aftermath.ts';
import { check } from '../src/platforms/meta/check.ts';
import { createMeta } from '../src/platforms/meta/client.ts';
import { metaWebhook } from '../src/platforms/meta/webhook.ts';
import { createAttempts } from './dispatch/attempts.ts';
import { createBudget } from './dispatch/budget.ts';
import type { DispatchContext } from './dispatch/context.ts';
import { createFlusher } from './dispatch/flusher.ts';
import { createJobs } from './dispatch/jobs.ts';
import { createMoments } from './dispatch/moments.ts';
import { createDispatch } from './dispatch/worker.ts';
import { createZoneRows } from './dispatch/zone-rows.ts';
import { createIntake } from './intake/worker.ts';
import { createNotify, createStoring } from './notify/worker.ts';
import { createReceipts } from './receipts/worker.ts';
import { type Again, keeperOf, markerOf, memoryOf, memoryRightOf } from './restoring.ts';
import type { Stores } from './stores.ts';
import { mediaOf, openCatalogs, submitOf, templatesOf } from './submissions.ts';
import { eraseDue } from './upkeep/erase.ts';
import { resendDue } from './upkeep/resend.ts';
import { createUpkeep } from './upkeep/worker.ts';

/** A call ends this long after its moment at the latest: the platform client's deadline and the last moment of a write. */
const CALL_DEADLINE_MS = 31_000;

/** Connections to one receiver of webhooks. */
const WEBHOOK_CONNECTIONS = 8;
/** Silent uploads that one sweep gives up. */
const UPLOADS_AT_ONCE = 20;

const WEBHOOKS = { meta: metaWebhook };

export const WORKERS = ['intake', 'dispatch', 'receipts', 'notify', 'upkeep'] as const;
export type WorkerName = (typeof WORKERS)[number];

export const workerOf = (name: WorkerName, stores: Stores): Service =>
  ({ intake: intakeOf, dispatch: dispatchOf, receipts: receiptsOf, notify: notifyOf, upkeep: upkeepOf })[
    name
  ](stores);

const checksOf = (stores: Stores) => {
  const { redis, log } = stores;
  const right = memoryRightOf(stores);
  return { redis: () => redis.ping(), log: () => log.ping(), ...(right && { memory: right }) };
};

export function apiOf(stores: Stores, healthy: () => boolean): Service & { url(): string } {
  const { config } = stores;
  const { namespace } = config;
  const memoryRight = memoryRightOf(stores);
  const { catalogs, close } = openCatalogs(stores);
  const personOf = stores.persons.of;
  const states = createHomeStates({ ...stores, namespace, personOf });
  const backlog = backlogOf(stores, createRelief(states));
  const finishOf = createFinishOf(states);
  const accept = createAccept({ ...stores, namespace, check, memoryRight, backlog, catalogs, finishOf });
  const control = createControlStation({
    ...stores,
    namespace,
    controls: controlsOf(stores),
    retries: retriesOf(stores),
  });
  const api = createApi({
    ...stores,
    catalogs,
    media: mediaOf(stores),
    namespace,
    personOf,
    states,
    accept,
    stream: createStreamAccept({
      ...stores,
      namespace,
      uploads: uploadsOf(stores),
      check,
      memoryRight,
      backlog,
      finishOf,
    }),
    control,
    webhooks: WEBHOOKS,
    check,
    checks: checksOf(stores),
    memoryRight,
    healthy,
  });
  return {
    ...api,
    stop: async () => {
      await api.stop();
      await close();
    },
  };
}

export const healthOf = (stores: Stores, port: number, healthy: () => boolean): Service =>
  createHealthServer({
    port,
    healthy,
    checks: checksOf(stores),
    metrics: stores.metrics,
    clock: stores.clock,
    logger: stores.logger,
  });

/** Looks at those of the stations that show their progress. */
export function watchdogOf(stores: Stores, services: readonly Service[]): Watchdog {
  const { redis, log } = checksOf(stores);
  const answers = async () => (await redis()) && (await log());
  return createWatchdog({ ...stores, services, answers });
}

const uploadsOf = ({ redis, config }: Stores) => createUploads(redis, config.namespace);

const intakeOf = (stores: Stores) =>
  createIntake({
    ...stores,
    namespace: stores.config.namespace,
    controls: controlsOf(stores),
    retries: retriesOf(stores),
    toldOf: stores.accounts.toldOf,
    ...markerOf(stores, 'jobs'),
  });

const retriesOf = (stores: Stores) => createRetries({ ...stores, namespace: stores.config.namespace });

const backlogOf = (stores: Stores, relief: Relief) =>
  createBacklog({
    ...stores,
    namespace: stores.config.namespace,
    workspaceMax: stores.config.backlogWorkspaceMax,
    totalMax: stores.config.backlogTotalMax,
    relief,
  });

const controlsOf = ({ redis, config, accounts }: Stores) =>
  createControls(redis, config.namespace, {
    lettersOf: accounts.toldOf,
    hint: (home) => hintTold(redis, config.namespace, home),
  });

function receiptsOf(stores: Stores) {
  const { config, homes, ledger } = stores;
  const homeOfJob = homeFinder(homes);
  const findJob = async (job: string) => {
    const home = homeOfJob(job);
    return home === undefined ? undefined : (await ledger.row(home, job))?.seal;
  };
  return createReceipts({
    ...stores,
    namespace: config.namespace,
    lanes: lanesOf(stores),
    findJob,
    personOf: stores.persons.of,
    aftermathOf,
    isOptOut,
    templates: templatesOf(stores),
    ...markerOf(stores, 'receipts'),
  });
}

function notifyOf(stores: Stores): Service {
  const { config, clock } = stores;
  const door = { clock, connectionsPerOrigin: WEBHOOK_CONNECTIONS };
  const http = createHttpClient({ ...door, publicOnly: resolvePublic });
  const privateHttp = createHttpClient(door);
  const notify = createNotify({
    ...stores,
    namespace: config.namespace,
    http,
    privateHttp,
    timeoutMs: config.webhookTimeoutMs,
    retryUnitMs: config.webhookRetryMs,
    disableAfterMs: config.webhookDisableAfterMs,
    ...markerOf(stores, 'events'),
  });
  return {
    ...notify,
    stop: async () => {
      await notify.stop();
      await Promise.all([http.close(), privateHttp.close()]);
    },
  };
}
/** Stations that do again what they have done; they count nowhere. */
export const againOf = (stores: Stores): Again => ({
  intake: () => intakeOf(stores),
  receipts: () => receiptsOf({ ...stores, metrics: createMetrics() }),
  events: () => createStoring({ ...stores, namespace: stores.config.namespace }),
});

const upkeepOf = (stores: Stores): Service =>
  createUpkeep({
    ...stores,
    namespace: stores.config.namespace,
    holders: createHolders(stores.redis, stores.config.namespace),
    overdue: createOverdueLanes({ redis: stores.redis, namespace: stores.config.namespace }),
    uploads: () => uploadsOf(stores).endSilent(stores.clock.now(), UPLOADS_AT_ONCE),
    erase: () =>
      eraseDue({
        ...stores,
        namespace: stores.config.namespace,
        homeOfJob: homeFinder(stores.homes),
        toldOf: stores.accounts.toldOf,
      }),
    unsealed: () =>
      createUnsealed(stores.redis, stores.config.namespace).endOld(stores.clock.now(), UPLOADS_AT_ONCE),
    resend: () =>
      resendDue({
        ...stores,
        namespace: stores.config.namespace,
        resendAfterMs: stores.config.resendAfterMs,
      }),
  });

const lanesOf = ({ redis, config }: Stores) => createLanes({ redis, namespace: config.namespace });

function dispatchOf(stores: Stores): Service {
  const { config, clock, redis, secret, metrics } = stores;
  const http = createHttpClient({ clock, connectionsPerOrigin: config.dispatchCalls });
  const calls = metrics.counter('calls_total', 'Platform calls that have ended, by outcome', ['outcome']);
  const halt = createHalt(redis, config.namespace);
  const memory = memoryOf(stores);
  const keeper = keeperOf(stores, againOf(stores), 0);
  const attempts = config.kafkaBrokers
    ? createAttempts({
        ...stores,
        stored: (at) => void memory.mark('attempts', at).catch(() => {}),
        away: () => halt.say('log'),
      })
    : undefined;
  const context: DispatchContext = {
    ...stores,
    attempts,
    namespace: config.namespace,
    memory: keeper,
    lanes: lanesOf(stores),
    holders: createHolders(redis, config.namespace),
    platforms: { meta: createMeta(http, clock) },
    serverClock: createServerClock(),
    moments: createMoments(clock),
    budget: createBudget(config.dispatchCalls),
    flusher: createFlusher(clock),
    jobs: createJobs(redis, config.namespace, clock),
    recent: createRecent(redis, config.namespace, clock),
    zoneRows: createZoneRows(redis, config.namespace),
    personOf: stores.persons.of,
    outboxFull: createOutboxFull(redis, config.namespace, clock, stores.accounts.toldOf),
    metrics: { calls: (outcome, count) => calls.inc({ outcome }, count) },
    callDeadlineMs: CALL_DEADLINE_MS,
    attemptId: createAttemptIds(secret).make,
  };
  const dispatch = createDispatch({ context, maxLanes: config.dispatchLanes });
  const submit = submitOf(stores, http);
  return {
    ...dispatch,
    start: async () => {
      attempts?.start();
      await keeper.start();
      await dispatch.start();
      await submit.start();
    },
    stop: async () => {
      await submit.stop();
      await dispatch.stop();
      await attempts?.stop();
      await keeper.stop();
      await http.close();
    },
  };
}
