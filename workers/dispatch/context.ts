// What every part of the dispatch station works with.
import type { AccountsRegistry } from '../../src/accounts/registry.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { PersonOf } from '../../src/base/person.ts';
import type { TicketQueue } from '../../src/base/queue.ts';
import type { Redis } from '../../src/base/redis.ts';
import type { Recent } from '../../src/contacts/recent.ts';
import type { Suppressions } from '../../src/contacts/suppressions.ts';
import type { Holders } from '../../src/lanes/holders.ts';
import type { Lanes } from '../../src/lanes/lanes.ts';
import type { OutboxFull } from '../../src/ledger/outbox.ts';
import type { ServerClock } from '../../src/pacing/server-clock.ts';
import type { Platform } from '../../src/platforms/port.ts';
import type { Attempts } from './attempts.ts';
import type { Budget } from './budget.ts';
import type { Flusher } from './flusher.ts';
import type { Jobs } from './jobs.ts';
import type { Moments } from './moments.ts';
import type { ZoneRowFinder } from './zone-rows.ts';

export interface DispatchMetrics {
  /** So many calls have ended with this outcome. */
  calls(outcome: string, count: number): void;
}

/** Whether what Redis holds of a home may be worked with, after a script said that nobody has verified it. */
interface Memory {
  verify(home: string): Promise<boolean>;
}

export interface DispatchContext {
  redis: Redis;
  namespace: string;
  clock: Clock;
  logger: Logger;
  memory: Memory;
  /** Undefined where Redis itself is the log. */
  attempts: Attempts | undefined;
  accounts: Pick<AccountsRegistry, 'sender' | 'watch' | 'toldOf'>;
  lanes: Lanes;
  holders: Holders;
  tickets: TicketQueue;
  platforms: Record<string, Platform> & { meta: Platform };
  serverClock: ServerClock;
  moments: Moments;
  budget: Budget;
  flusher: Flusher;
  jobs: Jobs;
  personOf: PersonOf;
  recent: Recent;
  suppressions: Pick<Suppressions, 'any' | 'lookUp' | 'learn' | 'add'>;
  /** Whether a home has more to tell than is taken on. */
  outboxFull: OutboxFull;
  zoneRows: ZoneRowFinder;
  metrics: DispatchMetrics;
  /** After its moment a call has ended, one way or another. */
  callDeadlineMs: number;
  /** The opaque id that travels with a call and comes back in its receipts. */
  attemptId(job: string, index: number, attempt: number): string;
}
