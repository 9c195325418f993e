// GET /v1/jobs/:id/events: the job as it changes, as server-sent events, until it has ended. Each event is the whole job, so a slow reader
// misses steps and never the outcome: what it has not taken yet is replaced by what is newer.
import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../base/clock.ts';
import { refused, unavailable } from '../../base/failure.ts';
import { sha256Hex } from '../../base/secret.ts';
import type { Job } from '../../contract/job.ts';
import type { LedgerReader } from '../../ledger/port.ts';
import { callerOf } from '../auth.ts';
import type { HomeIndex } from '../home-index.ts';
import { noQuery, parseQuery } from '../query.ts';

export interface EventRoutesOptions {
  ledger: Pick<LedgerReader, 'job'>;
  homes: HomeIndex;
  clock: Clock;
}

const LOOK_MS = 500;
/** So that no proxy takes the silence of a job that waits for the end of the connection. */
const HEARTBEAT_MS = 15_000;
/** A reader that takes nothing for this long has gone. */
const STUCK_MS = 60_000;
/** Streams of one process; each costs one reading every half second. */
const MAX_STREAMS = 500;
const FULL_RETRY_MS = 5_000;

const ENDED: ReadonlySet<string> = new Set(['completed', 'canceled', 'expired', 'incomplete']);

export function eventRoutes(app: FastifyInstance, { ledger, homes, clock }: EventRoutesOptions): void {
  const config = { scope: 'jobs:read' as const, accepts: 'text/event-stream' };
  const streams = new Set<AbortController>();
  app.addHook('preClose', async () => {
    for (const stream of streams) stream.abort();
  });
  const route = { config, exposeHeadRoute: false };
  app.get<{ Params: { id: string } }>('/v1/jobs/:id/events', route, async (request, reply) => {
    parseQuery(noQuery, request.query);
    const { id } = request.params;
    const home = homes.homeOfJob(callerOf(request), id);
    const read = async (): Promise<Job | undefined> =>
      home === undefined ? undefined : ledger.job(home, id);
    const job = await read();
    if (!job) throw refused('not_found', 'There is no such job.');
    // A client that has seen the end and comes back is told to stay away.
    if (ENDED.has(job.status) && request.headers['last-event-id'] === idOf(job))
      return reply.code(204).send();
    if (streams.size >= MAX_STREAMS) throw unavailable('Too many streams are open', undefined, FULL_RETRY_MS);
    const gone = new AbortController();
    streams.add(gone);
    try {
      await follow(
        new Stream(open(request, reply, gone), clock),
        read,
        clock,
        gone.signal,
        lastSeen(request),
      );
    } finally {
      streams.delete(gone);
      reply.raw.end();
    }
  });
}

const lastSeen = (request: FastifyRequest): string => String(request.headers['last-event-id'] ?? '');

/** What a client may ask to go on from: the state of the job, but not what is foreseen of it, which moves all the time. */
const idOf = ({ eta: _eta, hold: _hold, ...state }: Job): string =>
  sha256Hex(JSON.stringify(state)).slice(0, 27);

function open(request: FastifyRequest, reply: FastifyReply, gone: AbortController): ServerResponse {
  const { raw } = reply;
  raw.once('close', () => gone.abort());
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) raw.setHeader(name, value);
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-request-id': request.id,
  });
  return raw;
}

async function follow(
  stream: Stream,
  read: () => Promise<Job | undefined>,
  clock: Clock,
  gone: AbortSignal,
  lastId: string,
): Promise<void> {
  let seen = lastId;
  while (!gone.aborted && !stream.stuck) {
    // A reading that fails is like one that finds nothing new: the next may do better.
    const job = await read().catch(() => 'unknown' as const);
    if (job === undefined) return;
    if (job !== 'unknown' && idOf(job) !== seen && stream.ready) {
      seen = idOf(job);
      stream.write(`id: ${seen}\nevent: progress\ndata: ${JSON.stringify(job)}\n\n`);
    } else stream.beat();
    if (job !== 'unknown' && ENDED.has(job.status) && idOf(job) === seen)
      return stream.write('event: end\ndata: {}\n\n');
    await clock.delay(LOOK_MS, gone);
  }
}

/** Writes when the reader has taken what was written before. */
class Stream {
  readonly #raw: ServerResponse;
  readonly #clock: Clock;
  #lastUs: number;
  ready = true;

  constructor(raw: ServerResponse, clock: Clock) {
    this.#raw = raw;
    this.#clock = clock;
    this.#lastUs = clock.monotonicUs();
    raw.on('drain', () => {
      this.ready = true;
      this.#lastUs = clock.monotonicUs();
    });
  }

  get stuck(): boolean {
    return !this.ready && this.#silentMs() > STUCK_MS;
  }

  write(text: string): void {
    this.ready = this.#raw.write(text);
    this.#lastUs = this.#clock.monotonicUs();
  }

  /** A comment, when nothing was written for a while. */
  beat(): void {
    if (this.ready && this.#silentMs() > HEARTBEAT_MS) this.write(': still here\n\n');
  }

  #silentMs(): number {
    return (this.#clock.monotonicUs() - this.#lastUs) / 1_000;
  }
}
