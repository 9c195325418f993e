// One seed: builds its world, lets it run until all is quiet, and says what is broken.
import type { Sender } from '../../src/accounts/port.ts';
import type { Redis } from '../../src/base/redis.ts';
import type { Bug } from './bugs.ts';
import { createCast, type Setting, WORKSPACE } from './cast.ts';
import { startClients } from './clients.ts';
import { createVerdict } from './verdict.ts';
import { VirtualLog } from './virtual-log.ts';
import { VirtualPlatform } from './virtual-platform.ts';
import { type ScriptBook, VirtualRedis } from './virtual-redis.ts';
import { VirtualTickets } from './virtual-tickets.ts';
import { World } from './world.ts';

/** Everything has ended by then, or never ends. */
const LIMIT_US = 60_000_000;
const LOOK_US = 250_000;

export interface Simulated {
  seed: number;
  broken: string[];
  trace: readonly string[];
  hash: string;
  steps: number;
  faults: number;
}

export interface SimulateOptions {
  /** Real Redis, for this process alone. */
  redis: Redis;
  namespace: string;
  book: ScriptBook;
  bug?: Bug | undefined;
}

export async function simulate(
  seed: number,
  { redis, namespace, book, bug }: SimulateOptions,
): Promise<Simulated> {
  const world = new World(seed);
  const store = new VirtualRedis(world, redis.client, book);
  const senders = sendersOf(world);
  const setting: Setting = {
    world,
    namespace: `${namespace}-${seed}`,
    redis: store,
    log: new VirtualLog(world),
    tickets: new VirtualTickets(world),
    platform: new VirtualPlatform(world),
    senders,
    recorded: world.chance(0.5),
    bug,
  };
  const cast = createCast(setting);
  cast.start();
  const clients = startClients(world, cast, [...senders.keys()]);
  const verdict = createVerdict(setting, clients, redis);
  const look = async (): Promise<void> => {
    if (await verdict.quiet()) world.end();
    else world.at(world.nowUs + LOOK_US, undefined, look);
  };
  world.at(world.nowUs + LOOK_US, undefined, look);
  const ended = await world.run(LIMIT_US);
  const broken = await verdict.judge();
  if (!ended && broken.length === 0) broken.push('it does not come to rest');
  await store.clear();
  const { trace } = world;
  return { seed, broken, trace, hash: world.hash(), steps: trace.length, faults: world.faults.length };
}

/** Worlds side by side: while one waits for Redis, another goes on, and what they ask for travels together. */
const SIDE_BY_SIDE = 16;

/** Every `stride`th seed from `from` on, as long as `goOn` says so; told as they end, which is not quite in their order. */
export async function simulateAll(
  { from, to, stride = 1 }: { from: number; to: number; stride?: number },
  options: SimulateOptions,
  told: (one: Simulated) => void,
  goOn = (): boolean => true,
): Promise<void> {
  let next = from;
  const lane = async (): Promise<void> => {
    while (next < to && goOn()) {
      const seed = next;
      next += stride;
      told(await simulate(seed, options));
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, lane));
}

function sendersOf(world: World): Map<string, Sender> {
  const together = world.chance(0.5);
  const portfolio = {
    id: 'p',
    environment: 'live' as const,
    messaging_limit: 'unlimited' as const,
    limits: [],
  };
  return new Map(
    Array.from({ length: world.int(1, 2) }, (_, i): [string, Sender] => {
      const id = `s${i}`;
      return [
        id,
        {
          id,
          environment: 'live',
          platform: 'meta',
          external_id: id,
          base_url: 'http://platform',
          access_token: 'token',
          throughput: world.chance(0.3) ? world.int(1, 3) : world.int(10, 200),
          limits: [],
          paused: false,
          workspace: WORKSPACE,
          portfolio: together ? ({ ...portfolio, workspace: WORKSPACE } as Sender['portfolio']) : undefined,
          home: together ? 'p:p' : `s:${id}`,
          disabled: false,
          stopped: undefined,
        },
      ];
    }),
  );
}
