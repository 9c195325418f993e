// The lanes by the time a turn must have opened on them: what upkeep looks at to find a lost ticket or a dead holder. The set is the truth; the
// hints beside it only say where to look first, and may be lost.
import type { Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import { laneKeys, lanesKey, stirredKey } from './keys.ts';

const abandonScript = loadScript(import.meta.dirname, 'lua/abandon.lua');
const reviveScript = loadScript(import.meta.dirname, 'lua/revive.lua');

/** Lanes of one home in one script. */
const MAX_LANES = 200;
/** Homes whose hint is taken at a time. */
const HINTS_MAX_HOMES = 1_000;

/** A lane that should have a turn and has none. */
export interface OverdueLane {
  sender: string;
  /** Of its last ticket; '' when it never had one. */
  n: string;
}

export interface OverdueLanes {
  /** Redis time, µs. */
  nowUs(): Promise<number>;
  /** When a turn must have opened in this home (Redis time, µs); undefined while it has no work. */
  nextDueUs(home: string): Promise<number | undefined>;
  overdue(home: string, nowUs: number): Promise<OverdueLane[]>;
  /** Numbers a new ticket for each of these lanes that is still overdue. */
  revive(home: string, lanes: readonly OverdueLane[]): Promise<OverdueLane[]>;
  /** Ends the leases that a dead process holds on lanes of this home; how many they were. They are overdue then. */
  abandon(home: string, holder: string): Promise<number>;
  /** Homes where something may be due sooner than was last seen. Each is told once. */
  takeHints(): Promise<string[]>;
}

export interface OverdueOptions {
  redis: Redis;
  namespace: string;
  /** Microseconds for tests; absent: the server's time. */
  testClock?: () => number;
}

export function createOverdueLanes({ redis, namespace, testClock }: OverdueOptions): OverdueLanes {
  const { client } = redis;
  return {
    nowUs: async () => {
      if (testClock) return testClock();
      const [seconds, micros] = await client.time();
      return Number(seconds) * 1_000_000 + Number(micros);
    },
    nextDueUs: async (home) => {
      const head = await client.zrange(lanesKey(namespace, home), 0, '0', 'WITHSCORES');
      return head[1] === undefined ? undefined : Number(head[1]);
    },
    overdue: async (home, nowUs) => {
      const key = lanesKey(namespace, home);
      const senders = await client.zrangebyscore(key, '-inf', nowUs.toFixed(0), 'LIMIT', 0, MAX_LANES);
      const numberOf = (sender: string) => client.hget(laneKeys(namespace, { home, sender }).lane, 'n');
      return Promise.all(senders.map(async (sender) => ({ sender, n: (await numberOf(sender)) ?? '' })));
    },
    revive: async (home, lanes) => {
      const keys = lanes.map(({ sender }) => laneKeys(namespace, { home, sender }));
      const tickets = await redis.run<string[]>(
        reviveScript,
        [lanesKey(namespace, home), ...keys.flatMap(({ lane, fly }) => [lane, fly])],
        [testClock ? testClock().toFixed(0) : '', ...lanes.map(({ sender }) => sender)],
      );
      return lanes.map(({ sender }, i) => ({ sender, n: String(tickets[i]) })).filter(({ n }) => n !== '0');
    },
    abandon: async (home, holder) => {
      const key = lanesKey(namespace, home);
      const senders = await client.zrange(key, 0, '-1');
      let ended = 0;
      for (let i = 0; i < senders.length; i += MAX_LANES) {
        const some = senders.slice(i, i + MAX_LANES);
        const lanes = some.map((sender) => laneKeys(namespace, { home, sender }).lane);
        const args = [testClock ? testClock().toFixed(0) : '', holder, ...some];
        ended += await redis.run<number>(abandonScript, [key, ...lanes], args);
      }
      return ended;
    },
    takeHints: () => client.spop(stirredKey(namespace), HINTS_MAX_HOMES),
  };
}

/**
 * Says that work is about to come to a lane of this home that may be asleep. Said before the script that wakes it, without waiting: commands of
 * one tick travel together. A lost hint costs seconds, should the ticket be lost too.
 */
export function stir({ client }: Redis, namespace: string, home: string): void {
  client.sadd(stirredKey(namespace), home).catch(() => {});
}
