// The processes of a world, each put together from the real parts as the service wires them.

import { createAccept } from '../../src/accept/accept.ts';
import { type ControlStation, createControlStation } from '../../src/accept/control.ts';
import type { Accept } from '../../src/accept/port.ts';
import { createRetries } from '../../src/accept/retry.ts';
import type { Sender } from '../../src/accounts/port.ts';
import { silentLogger as logger } from '../../src/base/logger.ts';
import { createPersons } from '../../src/base/person.ts';
import { createSecret, type Secret } from '../../src/base/secret.ts';
import { createRecent } from '../../src/contacts/recent.ts';
import { createControls } from '../../src/lanes/control.ts';
import { createHolders } from '../../src/lanes/holders.ts';
import { createLanes } from '../../src/lanes/lanes.ts';
import { createOverdueLanes } from '../../src/lanes/overdue.ts';
import { createAttemptIds } from '../../src/ledger/attempt-id.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { createHalt } from '../../src/memory/halt.ts';
import { createSeats } from '../../src/memory/seats.ts';
import { createServerClock } from '../../src/pacing/server-clock.ts';
import { createAttempts } from '../../workers/dispatch/attempts.ts';
import { createBudget } from '../../workers/dispatch/budget.ts';
import { createFlusher } from '../../workers/dispatch/flusher.ts';
import { createJobs } from '../../workers/dispatch/jobs.ts';
import { createMoments } from '../../workers/dispatch/moments.ts';
import { createDispatch } from '../../workers/dispatch/worker.ts';
import { createZoneRows } from '../../workers/dispatch/zone-rows.ts';
import { createIntake } from '../../workers/intake/worker.ts';
import { createTrustingKeeper } from '../../workers/memory/keeper.ts';
import { resendDue } from '../../workers/upkeep/resend.ts';
import { createUpkeep } from '../../workers/upkeep/worker.ts';
import { Actor } from './actor.ts';
import type { Bug } from './bugs.ts';
import type { VirtualLog } from './virtual-log.ts';
import type { VirtualPlatform } from './virtual-platform.ts';
import type { VirtualRedis } from './virtual-redis.ts';
import type { VirtualTickets } from './virtual-tickets.ts';
import type { World } from './world.ts';

export const WORKSPACE = 'acme';
/** Calls end within this, and not within half a minute. */
const CALL_DEADLINE_MS = 2_000;
const RESEND_AFTER_MS = 1_000;
const CALLS = 6;
const ROLES = ['api', 'intake', 'dispatch-a', 'dispatch-b', 'upkeep'] as const;
type Role = (typeof ROLES)[number];

const NO_CAP = { admit: async () => () => {} };
export const secret = createSecret([Buffer.alloc(32, 7).toString('base64')]);

export interface Setting {
  world: World;
  namespace: string;
  redis: VirtualRedis;
  log: VirtualLog;
  tickets: VirtualTickets;
  platform: VirtualPlatform;
  senders: ReadonlyMap<string, Sender>;
  /** Calls are recorded in the log before they are made. */
  recorded: boolean;
  bug: Bug | undefined;
}

export interface Api {
  actor: Actor;
  accept: Accept;
  control: ControlStation;
}

export interface Cast {
  /** The API that lives now; undefined while there is none. */
  api(): Api | undefined;
  start(): void;
}

export function createCast(setting: Setting): Cast {
  const { world } = setting;
  let api: Api | undefined;
  const begin = (role: Role, life: number): void => {
    const actor = new Actor(world, role, life);
    world.note(actor, 'starts');
    if (role === 'api') api = apiOf(setting, actor);
    else if (role === 'intake') void intakeOf(setting, actor).start();
    else if (role === 'upkeep') void upkeepOf(setting, actor).start();
    else void dispatchOf(setting, actor);
  };
  world.onDeath = (role, life) => begin(role as Role, life);
  return {
    api: () => (api?.actor.alive ? api : undefined),
    start: () => {
      for (const role of ROLES) world.at(world.nowUs, undefined, () => begin(role, 0));
    },
  };
}

/** What every process has. */
function storesOf({ namespace, redis, log, tickets, senders }: Setting, actor: Actor) {
  const { clock } = actor;
  const own = { redis: redis.of(actor), namespace, clock, logger, tickets: tickets.of(actor) };
  return {
    ...own,
    log: log.of(actor),
    accounts: {
      sender: (id: string) => senders.get(id),
      watch: () => {},
      toldOf: () => '',
      homes: () =>
        [...senders.values()].map(({ home }) => ({
          home,
          workspace: WORKSPACE,
          environment: 'live' as const,
        })),
    },
    ledger: createLedger({ ...own, homeOfLetters: () => undefined }),
    controls: createControls(own.redis, namespace),
    retries: createRetries(own),
    contacts: { upsert: async () => [], zones: async () => new Map(), audience: async () => [] },
    suppressions: {
      any: () => false,
      lookUp: async () => new Map(),
      learn: async () => {},
      add: async () => [],
    },
  };
}

function apiOf(setting: Setting, actor: Actor): Api {
  const stores = storesOf(setting, actor);
  const { bug } = setting;
  const log = bug?.log?.(stores.log) ?? stores.log;
  const own: Secret = bug?.secret?.(secret, actor.clock.random) ?? secret;
  return {
    actor,
    accept: createAccept({ ...stores, log, secret: own, backlog: NO_CAP, check: () => undefined }),
    control: createControlStation(stores),
  };
}

const intakeOf = (setting: Setting, actor: Actor) =>
  createIntake({ ...storesOf(setting, actor), submissions: { add: () => Promise.resolve() } });

function upkeepOf(setting: Setting, actor: Actor) {
  const stores = storesOf(setting, actor);
  const { redis, namespace } = stores;
  return createUpkeep({
    ...stores,
    holders: createHolders(redis, namespace),
    overdue: createOverdueLanes({ redis, namespace }),
    resend: () => resendDue({ ...stores, resendAfterMs: RESEND_AFTER_MS }),
  });
}

async function dispatchOf(setting: Setting, actor: Actor): Promise<void> {
  const stores = storesOf(setting, actor);
  const { redis, namespace, clock, log } = stores;
  const halt = createHalt(redis, namespace);
  const attempts = setting.recorded
    ? createAttempts({ log, clock, logger, stored: () => {}, away: () => halt.say('log') })
    : undefined;
  attempts?.start();
  const context = {
    ...stores,
    attempts,
    memory: createTrustingKeeper(createSeats(redis, namespace), logger),
    lanes: createLanes({ redis, namespace }),
    holders: createHolders(redis, namespace),
    platforms: { meta: setting.platform.of(actor) },
    serverClock: createServerClock(),
    moments: createMoments(clock),
    budget: createBudget(CALLS),
    flusher: createFlusher(clock),
    jobs: createJobs(redis, namespace, clock),
    recent: createRecent(redis, namespace, clock),
    outboxFull: async () => false,
    zoneRows: createZoneRows(redis, namespace),
    personOf: createPersons(secret).of,
    metrics: { calls: () => {} },
    callDeadlineMs: CALL_DEADLINE_MS,
    attemptId: createAttemptIds(secret).make,
  };
  await createDispatch({ context, maxLanes: 4 }).start();
}
