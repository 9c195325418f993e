// A process that works on lanes as the stations do, less the sending: work arrives, tickets open turns, turns take what is due and are given
// back, upkeep sweeps. With `deaths` it kills itself with -9 at random between a script and the ticket that follows from it.
import { systemClock as clock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { createTicketQueue, type Ticket } from '../../src/base/queue.ts';
import { createRedis } from '../../src/base/redis.ts';
import { createHolders } from '../../src/lanes/holders.ts';
import type { LaneId } from '../../src/lanes/keys.ts';
import { laneKeys } from '../../src/lanes/keys.ts';
import { createLanes } from '../../src/lanes/lanes.ts';
import { createOverdueLanes, stir } from '../../src/lanes/overdue.ts';
import { createUpkeep } from '../../workers/upkeep/worker.ts';
import { seededRandom } from './dice.ts';
import { arriveKeys, arriveScript, calmKey, drainKeys, drainScript, HOME, laneOf } from './lane-keys.ts';

export interface ActorSetup {
  redisUrl: string;
  namespace: string;
  lanes: number;
  /** Arrivals of the whole test. */
  arrivals: number;
  /** Arrivals under way at the same time; 0: this one takes turns only. */
  streams: number;
  turns: boolean;
  upkeep: boolean;
  /** Chance of dying at each point between a script and its ticket. */
  deaths: number;
  seed: number;
}

/** A ticket with the moment it was added (Redis runs on this machine, so its clock is ours). */
type StampedTicket = Ticket & { addedUs?: number };

const LATEST_DUE_US = 20_000;
const PEEK_ROWS = 512;

const setup = JSON.parse(process.argv[2] ?? '{}') as ActorSetup;
const { namespace } = setup;
const random = seededRandom(setup.seed);
const redis = createRedis(setup.redisUrl, clock);
const lanes = createLanes({ redis, namespace });
const tickets = createTicketQueue(setup.redisUrl, namespace, silentLogger);

/** One death in this time: long enough for what it left to be mended, so that what is measured is one kill's harm. */
const CALM_MS = 2_500;

/** Between a script that numbered a ticket and the ticket itself. */
async function perhapsDie(): Promise<void> {
  if (random() >= setup.deaths) return;
  if ((await redis.client.set(calmKey(namespace), setup.seed, 'PX', CALM_MS, 'NX')) !== 'OK') return;
  process.kill(process.pid, 'SIGKILL');
}

async function addTicket(lane: LaneId, n: string, wakeUs: number): Promise<void> {
  await perhapsDie();
  const ticket: StampedTicket = { ...lane, n, addedUs: clock.now() * 1_000 };
  await tickets.add(ticket, wakeUs / 1_000 - clock.now());
}

async function arriveOnAndOn(): Promise<void> {
  for (;;) {
    const lane = laneOf(Math.floor(random() * setup.lanes));
    // Most work is due at once, some in a moment: both kinds of wake-up.
    const delayUs = random() < 0.8 ? 0 : Math.floor(random() * LATEST_DUE_US);
    stir(redis, namespace, lane.home);
    const [n, due] = await redis.run<[string, string, number]>(arriveScript, arriveKeys(namespace, lane), [
      '',
      lane.sender,
      delayUs,
      setup.arrivals,
    ]);
    if (n === '-1') return;
    if (n !== '0') await addTicket(lane, n, Number(due));
  }
}

async function open(ticket: StampedTicket): Promise<void> {
  await perhapsDie();
  const lane: LaneId = { home: ticket.home, sender: ticket.sender };
  const lapsed = await redis.client.hget(laneKeys(namespace, lane).lane, 'until');
  const opened = await lanes.open(lane, ticket.n, clock.randomHex(8));
  if (opened.state !== 'open') return;
  await turn(lane, opened.fence, [opened.nowUs, lapsed ?? '0', ticket.addedUs ?? 0, ticket.n]);
}

async function turn(lane: LaneId, fence: string, nap: (string | number)[]): Promise<void> {
  let [openedUs = '', ...rest] = nap;
  for (;;) {
    const seen = await lanes.peek(lane, fence, PEEK_ROWS);
    if (!seen) return;
    if (seen.later.length > 0) {
      await redis.run(drainScript, drainKeys(namespace, lane), ['', fence, lane.sender, openedUs, ...rest]);
      openedUs = '';
      continue;
    }
    const given = await lanes.giveBack(lane, fence, seen.version, {
      untilUs: 0,
      rowsOnly: false,
    });
    if (given.state === 'continue') continue;
    if (given.state === 'asleep' && given.wake) await addTicket(lane, given.wake.n, given.wake.wakeUs);
    return;
  }
}

if (setup.turns) tickets.take(open);
if (setup.upkeep) {
  const dying = {
    ...tickets,
    add: async (ticket: Ticket, delayMs: number) => {
      await perhapsDie();
      return tickets.add(ticket, delayMs);
    },
  };
  const home = { home: HOME, workspace: 'acme', environment: 'live' as const };
  const accounts = { homes: () => [home] };
  await createUpkeep({
    redis,
    namespace,
    clock,
    logger: silentLogger,
    accounts,
    holders: createHolders(redis, namespace),
    overdue: createOverdueLanes({ redis, namespace }),
    tickets: dying,
  }).start();
}
process.stdout.write('ready\n');
await Promise.all(Array.from({ length: setup.streams }, arriveOnAndOn));
process.stdout.write('arrived\n');
