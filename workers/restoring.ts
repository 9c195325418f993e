// The wiring of Redis's memory: who compares it with the log, what brings it back, and the command that does so.
import { restoreClaim } from '../src/accept/claim.ts';
import type { Clock } from '../src/base/clock.ts';
import type { Redis } from '../src/base/redis.ts';
import type { Service } from '../src/base/service.ts';
import { askErasing, lastForgotten } from '../src/contacts/erasing.ts';
import { jobRecordSchema } from '../src/contract/record.ts';
import { homeFinder } from '../src/ledger/job-id.ts';
import type { DeliveredEntry } from '../src/log/port.ts';
import type { MemoryRight } from '../src/memory/forgetful.ts';
import { createHalt } from '../src/memory/halt.ts';
import { createMemory, type Memory } from '../src/memory/memory.ts';
import { createSeats } from '../src/memory/seats.ts';
import { bringBack, bringBackAudit } from './kept-in.ts';
import { createComparingKeeper, createTrustingKeeper, type Keeper } from './memory/keeper.ts';
import { isNew, type RestoreOptions, restore } from './memory/restore.ts';
import type { Stores } from './stores.ts';

/** A process that rebuilds already has this long to end. */
const LOCK_PATIENCE_MS = 120_000;
const LOCK_RETRY_MS = 500;

/** The stations' own work on an entry, done again. */
export interface Again {
  intake(): { again(entry: DeliveredEntry): Promise<void> };
  receipts(): { again(entry: DeliveredEntry): Promise<void> };
  events(): { again(entry: DeliveredEntry): Promise<void> };
}

export const memoryOf = ({ redis, config, clock }: Pick<Stores, 'redis' | 'config' | 'clock'>): Memory =>
  createMemory(redis, config.namespace, clock);

/** Undefined where Redis is the log. */
export const memoryRightOf = (stores: Stores): MemoryRight =>
  stores.log.history ? memoryOf(stores).right : undefined;

/** Notes behind which offset a station has done everything; nothing where Redis is the log. */
export function markerOf(stores: Stores, topic: 'jobs' | 'receipts' | 'events') {
  if (!stores.log.history) return {};
  const memory = memoryOf(stores);
  return {
    marked: (partition: number, offset: number) => memory.mark(topic, new Map([[partition, offset]])),
  };
}

/** `patienceMs`: other processes have so long to look first. */
export function keeperOf(stores: Stores, again: Again, patienceMs: number): Keeper {
  const { redis, log, logger, config } = stores;
  const { namespace } = config;
  const seats = createSeats(redis, namespace);
  const { history } = log;
  if (!history) return createTrustingKeeper(seats, logger);
  const memory = memoryOf(stores);
  return createComparingKeeper({
    ...stores,
    memory,
    seats,
    halt: createHalt(redis, namespace),
    rebuilds: config.onMemoryLoss === 'rebuild',
    patienceMs,
    restoring: restoringOf(stores, again, memory, () => {}),
  });
}

function restoringOf(
  stores: Stores,
  again: Again,
  memory: Memory,
  progress: RestoreOptions['progress'],
): RestoreOptions {
  const { log, config, homes, redis } = stores;
  const { namespace } = config;
  if (!log.history) throw new Error('the log knows no more than Redis: there is nothing to rebuild from');
  const [intake, receipts, events] = [again.intake(), again.receipts(), again.events()];
  return {
    ...stores,
    namespace,
    history: log.history,
    memory,
    progress,
    personOf: stores.persons.of,
    homeOfJob: homeFinder(homes),
    jobs: async (entry) => {
      await intake.again(entry);
      if (entry.headers.type === 'seal') await claimAgain(redis, namespace, entry);
    },
    receipts: receipts.again,
    events: events.again,
    state: (entries) => bringBack(stores, entries),
    erase: () => eraseEverywhere(stores),
    audit: (entries) => bringBackAudit(stores.audit, entries),
  };
}

/** The log has brought back rows and results of forgotten people. */
async function eraseEverywhere({ redis, config: { namespace }, accounts, clock }: Stores): Promise<void> {
  const owners = new Map(
    accounts
      .homes()
      .map(({ workspace, environment }) => [`${workspace} ${environment}`, { workspace, environment }]),
  );
  for (const owner of owners.values())
    if ((await lastForgotten(redis, namespace, owner)) !== undefined)
      await askErasing(redis, namespace, { owner }, clock.now());
}

async function claimAgain(redis: Redis, namespace: string, { value }: DeliveredEntry): Promise<void> {
  const { data } = jobRecordSchema.safeParse(JSON.parse(value));
  if (data?.type === 'seal') await restoreClaim(redis, namespace, data);
}

/**
 * A Redis and a log in which nobody has written yet are right as they are. Every process looks before it serves. With a `keeper` it goes on
 * looking: dispatch has its own.
 */
export function memoryService(stores: Stores, keeper: Keeper | undefined): Service {
  const memory = memoryOf(stores);
  const { history } = stores.log;
  return {
    name: 'memory',
    start: async () => {
      if (!history) return;
      const standing = await memory.standing();
      if (standing.verified === undefined && (await isNew({ history })))
        await memory.confirm(standing.run, new Map());
      await keeper?.start();
    },
    stop: async () => keeper?.stop(),
  };
}

/** The command. Throws when it cannot be done; says in words how far it is. */
export async function rebuild(stores: Stores, again: Again, say: (line: string) => void): Promise<void> {
  const { clock } = stores;
  const memory = memoryOf(stores);
  const restoring = restoringOf(stores, again, memory, paced(clock, say));
  const halt = createHalt(stores.redis, stores.config.namespace);
  const giveUpUs = clock.monotonicUs() + LOCK_PATIENCE_MS * 1_000;
  for (;;) {
    const done = await memory.alone(async () => {
      const standing = await memory.standing();
      if (standing.run === standing.verified && !standing.lost)
        return 'Redis holds what the log says. There is nothing to rebuild.';
      halt.say('rebuilding');
      const right = await restore(restoring, standing, true);
      return right ? 'Redis is right again. Sending goes on.' : undefined;
    });
    if (done !== undefined) return say(done);
    if (clock.monotonicUs() > giveUpUs)
      throw new Error('another process is comparing Redis with the log, or Redis changes again and again');
    await clock.delay(LOCK_RETRY_MS);
  }
}

const NAMES: Record<string, string> = {
  jobs: 'records of jobs',
  attempts: 'records of calls',
  receipts: 'records of receipts',
  state: 'records of changes',
  audit: 'records of the audit trail',
  events: 'records of events',
  items: 'jobs counted',
};
const SAY_EVERY_US = 1_000_000;

/** At most one line a second. */
function paced(clock: Clock, say: (line: string) => void): RestoreOptions['progress'] {
  let saidUs = 0;
  return (topic, done) => {
    if (clock.monotonicUs() - saidUs < SAY_EVERY_US) return;
    saidUs = clock.monotonicUs();
    say(`${done} ${NAMES[topic] ?? topic}`);
  };
}
