// The door to BullMQ: a queue of tickets. A ticket is added once per number, taken once, and done as soon as it is taken.
import { Queue, Worker } from 'bullmq';
import { messageOf } from './failure.ts';
import type { Logger } from './logger.ts';
import { connectForQueue } from './redis.ts';

export interface Ticket {
  home: string;
  sender: string;
  n: string;
}

export interface TicketTaker {
  /** Takes no new tickets, waits for those being opened. */
  stop(): Promise<void>;
}

export interface TicketQueue {
  /** Adds a ticket that is due in `delayMs`. A lost ticket costs seconds: upkeep re-issues it, so failures are only logged. */
  add(ticket: Ticket, delayMs: number): Promise<void>;
  /** Whether the ticket is still in the queue and nobody has taken it. */
  waits(ticket: Ticket): Promise<boolean>;
  /** Whether tickets are due that nobody has taken. */
  anyDue(): Promise<boolean>;
  /** `open` is called for each ticket; it should resolve quickly. Its failures are logged: upkeep re-issues. */
  take(open: (ticket: Ticket) => Promise<void>): TicketTaker;
  close(): Promise<void>;
}

/**
 * Tickets that one process opens at the same time. Each waits for two answers of Redis, which a busy process gets late: with 64 it opened 300
 * lanes a second, and ten thousand that came due at once were served one after the other.
 */
const CONCURRENCY = 1_024;
/** An idle worker looks this often by itself: the word of a new ticket goes to one worker, and that one may be frozen. */
const LOOK_S = 1;

const jobIdOf = ({ sender, n }: Ticket): string => `${sender}.${n}`;

export function createTicketQueue(redisUrl: string, namespace: string, logger: Logger): TicketQueue {
  const name = 'tickets';
  // The hash tag keeps the queue's keys in one slot of a cluster.
  const prefix = `{${namespace}-queue}`;
  const connection = connectForQueue(redisUrl);
  const queue = new Queue<Ticket>(name, { connection, prefix });
  queue.on('error', (error) => logger.warn('tickets.faltered', { reason: messageOf(error) }));
  return {
    add: async (ticket, delayMs) => {
      try {
        await queue.add('lane', ticket, {
          jobId: jobIdOf(ticket),
          delay: Math.max(0, Math.floor(delayMs)),
          attempts: 1,
          removeOnComplete: true,
          removeOnFail: true,
        });
      } catch (error) {
        logger.warn('ticket.lost', { lane: ticket.sender, reason: messageOf(error) });
      }
    },
    waits: async (ticket) => {
      // A job's hash is there as long as the job is; a worker that takes it writes when.
      const [added, taken] = await connection.hmget(
        `${prefix}:${name}:${jobIdOf(ticket)}`,
        'timestamp',
        'processedOn',
      );
      return added !== null && taken === null;
    },
    anyDue: async () => (await connection.llen(`${prefix}:${name}:wait`)) > 0,
    take: (open) => startTaker(redisUrl, name, prefix, logger, open),
    close: async () => {
      await queue.close();
      connection.disconnect();
    },
  };
}

function startTaker(
  redisUrl: string,
  name: string,
  prefix: string,
  logger: Logger,
  open: (ticket: Ticket) => Promise<void>,
): TicketTaker {
  const connection = connectForQueue(redisUrl);
  const worker = new Worker<Ticket>(
    name,
    async (job) => {
      try {
        await open(job.data);
      } catch (error) {
        logger.warn('ticket.failed', { lane: job.data.sender, reason: messageOf(error) });
      }
    },
    { connection, prefix, concurrency: CONCURRENCY, drainDelay: LOOK_S },
  );
  worker.on('error', (error) => logger.warn('tickets.faltered', { reason: messageOf(error) }));
  return {
    stop: async () => {
      await worker.close();
      connection.disconnect();
    },
  };
}
