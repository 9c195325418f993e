// The intake station by itself on real Redis: log entries are handed to it one by one, in whatever order a test likes, as the log does it.
import { createRetries } from '../../src/accept/retry.ts';
import { systemClock as clock } from '../../src/base/clock.ts';
import { Failure } from '../../src/base/failure.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { Ticket } from '../../src/base/queue.ts';
import { createRedis, type Redis } from '../../src/base/redis.ts';
import { createControls } from '../../src/lanes/control.ts';
import { createLedger, type Ledger } from '../../src/ledger/ledger.ts';
import type { FollowOptions, Log, LogEntry } from '../../src/log/port.ts';
import { createIntake } from '../../workers/intake/worker.ts';
import { freshNamespace, redisUrl } from './services.ts';

export interface IntakeBench {
  redis: Redis;
  namespace: string;
  ledger: Ledger;
  /** What it has asked BullMQ for. */
  tickets: Ticket[];
  deliver(entry: LogEntry): Promise<void>;
  close(): Promise<void>;
}

export async function openIntake(home: string): Promise<IntakeBench> {
  const namespace = freshNamespace();
  const redis = createRedis(redisUrl(), clock);
  const ledger = createLedger({ redis, namespace, clock, homeOfLetters: () => home });
  const tickets: Ticket[] = [];
  let station: FollowOptions | undefined;
  const log = {
    follow: (options: FollowOptions) => {
      station = options;
      const failed = new Promise<never>(() => {});
      return Promise.resolve({
        stop: () => Promise.resolve(),
        progress: () => ({ handled: 0, lastAliveUs: 0, oldestUs: undefined }),
        failed,
      });
    },
  } as Log;
  const queue = {
    add: async (ticket: Ticket) => void tickets.push(ticket),
    waits: () => Promise.resolve(false),
    anyDue: () => Promise.resolve(false),
    take: () => ({ stop: () => Promise.resolve() }),
    close: () => Promise.resolve(),
  };
  await createIntake({
    log,
    redis,
    namespace,
    clock,
    logger: silentLogger,
    ledger,
    controls: createControls(redis, namespace),
    contacts: { upsert: async () => [], zones: async () => new Map() },
    suppressions: { any: () => false, lookUp: async () => new Map() },
    submissions: { add: async () => {} },
    tickets: queue,
    retries: createRetries({ redis, namespace, clock, tickets: queue }),
  }).start();
  let position = 0;
  return {
    redis,
    namespace,
    ledger,
    tickets,
    deliver: async (entry) => {
      position += 1;
      const delivered = { ...entry, topic: 'jobs' as const, position: `0:${position}` };
      try {
        await station?.handle(delivered);
      } catch (error) {
        if (!(error instanceof Failure) || error.repeat !== 'never') throw error;
        await station?.onParked?.(delivered, error.message);
      }
    },
    close: () => redis.close(),
  };
}
