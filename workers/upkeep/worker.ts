// The upkeep station: one leader among its processes finds lanes that should have a turn and have none, and issues their tickets anew;
// and it sends unknown items once more, where their job says so. What came of jobs that were never posted whole it takes away.
// What it costs follows what happens: a home is looked at when something in it is overdue, or a hint or the slow round says so.
import type { Accounts } from '../../src/accounts/port.ts';
import type { Clock } from '../../src/base/clock.ts';
import { messageOf } from '../../src/base/failure.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { TicketQueue } from '../../src/base/queue.ts';
import { ask, type Redis } from '../../src/base/redis.ts';
import type { Service } from '../../src/base/service.ts';
import type { Holders } from '../../src/lanes/holders.ts';
import type { OverdueLane, OverdueLanes } from '../../src/lanes/overdue.ts';
import { createRounds, type Rounds } from './rounds.ts';

/** A lost ticket or a dead holder is noticed within this, on top of its lease or grace. */
const SWEEP_MS = 250;
/** A dead leader is followed within this; two leaders at once do no harm. */
const LEADER_MS = 1_000;
/** Homes looked at in one write to Redis. */
const PARALLEL = 256;
/** Tickets that have waited in the queue for this long get one more among them, should the queue have fallen asleep over them. */
const NUDGE_US = 2_000_000;

export interface UpkeepOptions {
  redis: Redis;
  namespace: string;
  clock: Clock;
  logger: Logger;
  accounts: Pick<Accounts, 'homes'>;
  holders: Pick<Holders, 'silent' | 'leave'>;
  overdue: OverdueLanes;
  tickets: TicketQueue;
  /** Sends unknown items once more, where their job says so and their time has come. */
  resend?: () => Promise<void>;
  /** Gives up uploads that nobody goes on with; how many. */
  uploads?: () => Promise<number>;
  /** Takes forgotten people out of jobs, a step at a time. */
  erase?: () => Promise<void>;
  /** Takes away what came of jobs whose seal never did; their ids. */
  unsealed?: () => Promise<string[]>;
}

export function createUpkeep(options: UpkeepOptions): Service {
  const { clock, logger } = options;
  const stopping = new AbortController();
  const owner = clock.randomHex(8);
  const rounds = createRounds();
  const silent = new Set<string>();
  let rounded = 0;
  let loop: Promise<void> | undefined;
  let erasing: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        if (await lead(options, owner)) {
          await endLeases(options, rounds, silent);
          await sweep(options, rounds);
          await options.resend?.();
          await endUploads(options);
          erasing ??= erase(options).finally(() => {
            erasing = undefined;
          });
        } else rounds.forget();
      } catch (error) {
        logger.warn('upkeep.delayed', { reason: messageOf(error) });
      }
      rounded += 1;
      await clock.delay(SWEEP_MS, stopping.signal);
    }
  };
  return {
    name: 'upkeep',
    progress: { moved: () => rounded, due: () => Promise.resolve(true) },
    start: async () => {
      loop = run();
    },
    stop: async () => {
      stopping.abort();
      await loop;
      await erasing;
    },
  };
}

/** Beside the sweeps: lanes do not wait for it. */
async function erase(options: UpkeepOptions): Promise<void> {
  try {
    await options.erase?.();
  } catch (error) {
    options.logger.warn('erase.delayed', { reason: messageOf(error) });
  }
}

async function endUploads({ uploads, unsealed, logger }: UpkeepOptions): Promise<void> {
  const count = (await uploads?.()) ?? 0;
  if (count > 0) logger.info('upload.given_up', { count });
  for (const job of (await unsealed?.()) ?? []) logger.warn('job.never_sealed', { job });
}

/** Takes or keeps the lead. Two leaders at once would do no harm: a revived lane is not overdue any more. */
async function lead({ redis, namespace }: UpkeepOptions, owner: string): Promise<boolean> {
  const key = `${namespace}:upkeep`;
  if ((await ask(redis.client.set(key, owner, 'PX', LEADER_MS, 'NX'))) === 'OK') return true;
  if ((await ask(redis.client.get(key))) !== owner) return false;
  await ask(redis.client.pexpire(key, LEADER_MS));
  return true;
}

/** A process that was silent twice in a row is dead: its parked lanes are overdue from now on. `silent` is what the last look saw. */
async function endLeases(options: UpkeepOptions, rounds: Rounds, silent: Set<string>): Promise<void> {
  const { holders, overdue, logger } = options;
  const now = await holders.silent();
  for (const holder of now.filter((one) => silent.has(one))) {
    let ended = 0;
    const homes = homesOf(options);
    for (let i = 0; i < homes.length; i += PARALLEL) {
      const end = async (home: string): Promise<void> => {
        const count = await overdue.abandon(home, holder);
        if (count > 0) rounds.saw(home, 0);
        ended += count;
      };
      await Promise.all(homes.slice(i, i + PARALLEL).map(end));
    }
    await holders.leave(holder);
    logger.warn('holder.died', { count: ended });
  }
  silent.clear();
  for (const holder of now) silent.add(holder);
}

const homesOf = ({ accounts }: UpkeepOptions): string[] => [
  ...new Set(accounts.homes().map(({ home }) => home)),
];

async function sweep(options: UpkeepOptions, rounds: Rounds): Promise<void> {
  const { overdue } = options;
  const [nowUs, hints] = await Promise.all([overdue.nowUs(), overdue.takeHints()]);
  const homes = rounds.next(homesOf(options), hints, nowUs);
  const round: Round = { options, rounds, nowUs, nudged: false };
  for (let i = 0; i < homes.length; i += PARALLEL)
    await Promise.all(homes.slice(i, i + PARALLEL).map((home) => look(round, home)));
}

interface Round {
  options: UpkeepOptions;
  rounds: Rounds;
  nowUs: number;
  nudged: boolean;
}

async function look(round: Round, home: string): Promise<void> {
  const { options, rounds, nowUs } = round;
  const dueUs = await options.overdue.nextDueUs(home);
  if (dueUs === undefined || dueUs > nowUs) return rounds.saw(home, dueUs);
  rounds.waits(home, dueUs, nowUs);
  const late = await options.overdue.overdue(home, nowUs);
  const lost = await withoutTicket(options, home, late);
  const [first] = late;
  if (lost.length === 0 && first && !round.nudged && nowUs - dueUs > NUDGE_US) {
    round.nudged = true;
    lost.push(first);
  }
  if (lost.length > 0) await revive(options, home, lost);
}

/** A ticket that is only late is left alone: were each issued anew while thousands wait, the queue would be nothing but copies. */
async function withoutTicket(
  { tickets }: UpkeepOptions,
  home: string,
  lanes: readonly OverdueLane[],
): Promise<OverdueLane[]> {
  const waits = await Promise.all(
    lanes.map(({ sender, n }) => n !== '' && tickets.waits({ home, sender, n })),
  );
  return lanes.filter((_, i) => !waits[i]);
}

async function revive(
  { overdue, tickets, logger }: UpkeepOptions,
  home: string,
  lost: readonly OverdueLane[],
): Promise<void> {
  for (const { sender, n } of await overdue.revive(home, lost)) {
    logger.info('lane.revived', { lane: sender, home });
    await tickets.add({ home, sender, n }, 0);
  }
}
