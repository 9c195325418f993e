// The upkeep station: one leader among its processes sweeps every home for lanes that should have a turn and have none.
import type { Accounts } from '../../src/accounts/port.ts';
import type { Clock } from '../../src/base/clock.ts';
import { messageOf } from '../../src/base/failure.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { TicketQueue } from '../../src/base/queue.ts';
import { ask, type Redis } from '../../src/base/redis.ts';
import type { Service } from '../../src/base/service.ts';
import type { Lanes } from '../../src/lanes/lanes.ts';

/** A lost ticket or a dead holder is noticed within this, on top of its lease or grace. */
const SWEEP_MS = 250;
/** A dead leader is followed within this; two leaders at once do no harm. */
const LEADER_MS = 1_000;
/** Homes swept at the same time. */
const PARALLEL = 64;

export interface UpkeepOptions {
  redis: Redis;
  namespace: string;
  clock: Clock;
  logger: Logger;
  accounts: Pick<Accounts, 'homes'>;
  lanes: Pick<Lanes, 'revive'>;
  tickets: TicketQueue;
}

export function createUpkeep(options: UpkeepOptions): Service {
  const { clock, logger } = options;
  const stopping = new AbortController();
  const owner = clock.randomHex(8);
  let loop: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        if (await lead(options, owner)) await sweep(options);
      } catch (error) {
        logger.warn('upkeep.delayed', { reason: messageOf(error) });
      }
      await clock.delay(SWEEP_MS, stopping.signal);
    }
  };
  return {
    name: 'upkeep',
    start: async () => {
      loop = run();
    },
    stop: async () => {
      stopping.abort();
      await loop;
    },
  };
}

/** Takes or keeps the lead. Two leaders at once would do no harm: a revived lane is not overdue any more. */
async function lead({ redis, namespace }: UpkeepOptions, owner: string): Promise<boolean> {
  const key = `${namespace}:upkeep`;
  if ((await ask(redis.client.set(key, owner, 'PX', LEADER_MS, 'NX'))) === 'OK') return true;
  if ((await ask(redis.client.get(key))) !== owner) return false;
  await ask(redis.client.pexpire(key, LEADER_MS));
  return true;
}

async function sweep({ accounts, lanes, tickets, logger }: UpkeepOptions): Promise<void> {
  const homes = [...new Set(accounts.homes().map(({ home }) => home))];
  for (let i = 0; i < homes.length; i += PARALLEL) {
    await Promise.all(
      homes.slice(i, i + PARALLEL).map(async (home) => {
        for (const { sender, n } of await lanes.revive(home)) {
          logger.info('lane.revived', { lane: sender, home });
          await tickets.add({ home, sender, n }, 0);
        }
      }),
    );
  }
}
