// The door to undici: one call, one write, one word about what became of it. No retries, no redirects, one deadline over everything.
// What undici 8.12 does (lib/dispatcher/client-h1.js), and this file builds on:
// - `onRequestStart` runs in the tick of the write, straight before `socket.write`, on a connected socket. Before it nothing was written.
// - Throwing in it drops the request and keeps the connection; `controller.abort` there would destroy the socket.
// - A socket destroyed with an `InformationalError` puts its running request back in the queue, whatever `idempotent` says:
//   the second start of a call is refused here, so that a call is never written twice.
// - A request that undici finds invalid costs the pool a connection for ever (`dispatch` → false, no drain follows): checked before.

import type { Dispatcher } from 'undici';
import { Pool } from 'undici';
import type { Clock, Timer } from './clock.ts';

export interface CallOptions {
  /** scheme://host:port */
  origin: string;
  path: string;
  method: 'POST' | 'GET';
  /** [name, value, name, value …]. Use the same array again for the same headers: it is checked once. */
  headers: readonly string[];
  body: string;
  /** Asked in the tick of the write: false = nothing is written and the call ends as `late`. */
  mayWrite(): boolean;
  /** From the call of `call` to the last byte of the answer: waiting, connecting and answering. */
  deadlineMs?: number | undefined;
}

/** Names in lower case. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** All times are the clock's monotonic microseconds. */
export type CallResult = Answered | NotSent | Unanswered;

export interface Answered {
  kind: 'answered';
  status: number;
  headers: AnswerHeaders;
  body: string;
  writtenAtUs: number;
  /** The last byte of the answer. */
  answeredAtUs: number;
}

/** No byte was written. `late`: mayWrite said no, or no connection was free in time. `invalid`: this request can never be written. */
export interface NotSent {
  kind: 'not_sent';
  reason: 'late' | 'connect' | 'closed' | 'invalid';
  detail: string;
  atUs: number;
}

/** Some byte may have been written, and no whole answer came. */
export interface Unanswered {
  kind: 'unanswered';
  reason: 'timeout' | 'reset' | 'too_large' | 'protocol';
  detail: string;
  writtenAtUs: number;
  atUs: number;
}

export interface HttpClient {
  /** Never rejects. */
  call(options: CallOptions): Promise<CallResult>;
  /** Calls that have not ended. */
  inFlight(): number;
  /** Ends what was not written as `closed`, waits for the answers to the rest (at most their deadline), closes the connections. */
  close(): Promise<void>;
}

export interface HttpOptions {
  clock: Clock;
  connectionsPerOrigin: number;
  /** Certificate authority of a TLS origin, instead of the system's. PEM. */
  ca?: string;
}

export const DEFAULT_DEADLINE_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** Deadlines are kept this exactly: one sweep over all calls instead of a timer per call. */
const SWEEP_MS = 250;
/**
 * An idle connection is closed by us before the other side does: a request that crosses their FIN is lost with its outcome unknown.
 * 4 s where the server says nothing (Node closes after 5 s), else 2 s before the moment in its `keep-alive` header, at most 30 s.
 */
const KEEP_ALIVE_MS = 4_000;
const KEEP_ALIVE_MARGIN_MS = 2_000;
const KEEP_ALIVE_MAX_MS = 30_000;
/** Pools of origins without calls are closed above this many. */
const MAX_ORIGINS = 256;

const NOT_WRITTEN = new Error('not written');
const TIMED_OUT = new Error('timed out');
const INVALID_PATH = /[^\x21-\xff]|^[^/]|^$/;
const HEADER_NAME = /^[a-z0-9-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

interface Origin {
  pool: Pool;
  calls: number;
}

export function createHttpClient({ clock, connectionsPerOrigin, ca }: HttpOptions): HttpClient {
  const origins = new Map<string, Origin>();
  const calls = new Set<Call>();
  const checkedHeaders = new WeakSet<readonly string[]>();
  let sweeper: Timer | undefined;
  let closed = false;
  let drained: (() => void) | undefined;

  const originOf = (name: string): Origin => {
    let origin = origins.get(name);
    if (!origin) {
      if (origins.size >= MAX_ORIGINS) dropIdle(origins);
      origin = { pool: openPool(name, connectionsPerOrigin, ca), calls: 0 };
      origins.set(name, origin);
    }
    return origin;
  };

  const isValid = ({ path, headers }: CallOptions): boolean => {
    if (INVALID_PATH.test(path)) return false;
    if (checkedHeaders.has(headers)) return true;
    if (!areValidHeaders(headers)) return false;
    checkedHeaders.add(headers);
    return true;
  };

  const sweep = (): void => {
    const nowUs = clock.monotonicUs();
    for (const call of calls) if (call.deadlineUs <= nowUs) call.expire();
    sweeper = calls.size > 0 ? clock.after(SWEEP_MS, sweep) : undefined;
  };

  const ended = (call: Call): void => {
    calls.delete(call);
    call.origin.calls--;
    if (calls.size === 0) drained?.();
  };

  return {
    call(options) {
      if (closed) return Promise.resolve(notSent('closed', 'the client is closed', clock));
      if (!isValid(options))
        return Promise.resolve(notSent('invalid', 'a header or the path cannot be written', clock));
      let origin: Origin;
      try {
        origin = originOf(options.origin);
      } catch {
        return Promise.resolve(notSent('invalid', 'the origin is no URL', clock));
      }
      return new Promise((resolve) => {
        const call = new Call(options, origin, clock, resolve, ended);
        calls.add(call);
        origin.calls++;
        sweeper ??= clock.after(SWEEP_MS, sweep);
        origin.pool.dispatch(
          // Non-idempotent in undici's eyes, whatever the method: never repeated after a lost connection.
          {
            path: options.path,
            method: options.method,
            headers: options.headers as string[],
            body: options.body,
            idempotent: false,
          },
          call,
        );
      });
    },
    inFlight: () => calls.size,
    async close() {
      closed = true;
      for (const call of calls) call.close();
      if (calls.size > 0) {
        await new Promise<void>((resolve) => {
          drained = resolve;
        });
      }
      sweeper?.cancel();
      const pools = [...origins.values()].map(({ pool }) => pool.destroy());
      origins.clear();
      await Promise.all(pools);
    },
  };
}

function openPool(origin: string, connections: number, ca: string | undefined): Pool {
  return new Pool(origin, {
    connections,
    pipelining: 1,
    // Over h2 a request starts before its bytes leave, and one lost connection takes many calls with it.
    allowH2: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // The deadline is ours; undici's own two timers per call are off.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: MAX_ANSWER_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveTimeoutThreshold: KEEP_ALIVE_MARGIN_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
    ...(ca === undefined ? {} : { connect: { ca } }),
  });
}

function dropIdle(origins: Map<string, Origin>): void {
  for (const [name, origin] of origins) {
    if (origin.calls > 0) continue;
    origins.delete(name);
    void origin.pool.destroy();
    return;
  }
}

const areValidHeaders = (headers: readonly string[]): boolean =>
  headers.length % 2 === 0 &&
  headers.every((text, i) => (i % 2 === 0 ? HEADER_NAME : HEADER_VALUE).test(text));

const notSent = (reason: NotSent['reason'], detail: string, clock: Clock): NotSent => ({
  kind: 'not_sent',
  reason,
  detail,
  atUs: clock.monotonicUs(),
});

/** One call as undici's handler. It ends once; what comes after that is not heard. */
class Call implements Dispatcher.DispatchHandler {
  readonly deadlineUs: number;
  readonly origin: Origin;
  readonly #options: CallOptions;
  readonly #clock: Clock;
  readonly #resolve: (result: CallResult) => void;
  readonly #ended: (call: Call) => void;
  #open = true;
  #writtenAtUs: number | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: AnswerHeaders = {};
  #first: Buffer | undefined;
  #rest: Buffer[] | undefined;

  constructor(
    options: CallOptions,
    origin: Origin,
    clock: Clock,
    resolve: (result: CallResult) => void,
    ended: (call: Call) => void,
  ) {
    this.#options = options;
    this.origin = origin;
    this.#clock = clock;
    this.#resolve = resolve;
    this.#ended = ended;
    this.deadlineUs = clock.monotonicUs() + (options.deadlineMs ?? DEFAULT_DEADLINE_MS) * 1_000;
  }

  /** Straight before the write. Throwing means: do not write. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (!this.#open || this.#writtenAtUs !== undefined || !this.#options.mayWrite()) throw NOT_WRITTEN;
    this.#controller = controller;
    this.#writtenAtUs = this.#clock.monotonicUs();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#first === undefined) this.#first = chunk;
    else if (this.#rest === undefined) this.#rest = [chunk];
    else this.#rest.push(chunk);
  }

  onResponseEnd(): void {
    this.#end({
      kind: 'answered',
      status: this.#status,
      headers: this.#headers,
      body: this.#body(),
      writtenAtUs: this.#writtenAtUs ?? 0,
      answeredAtUs: this.#clock.monotonicUs(),
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    const code = codeOf(error);
    if (this.#writtenAtUs !== undefined) this.#unanswered(unansweredReason(code), code);
    else if (error === NOT_WRITTEN)
      this.#end(notSent('late', 'not allowed at the moment of writing', this.#clock));
    else this.#end(notSent(notSentReason(code), code, this.#clock));
  }

  /** The deadline has passed. */
  expire(): void {
    if (this.#writtenAtUs === undefined) {
      this.#end(notSent('late', 'no connection before the deadline', this.#clock));
    } else {
      this.#unanswered('timeout', 'no answer before the deadline');
      this.#controller?.abort(TIMED_OUT);
    }
  }

  /** Ends it if nothing was written. */
  close(): void {
    if (this.#writtenAtUs === undefined) this.#end(notSent('closed', 'the client is closed', this.#clock));
  }

  #unanswered(reason: Unanswered['reason'], detail: string): void {
    this.#end({
      kind: 'unanswered',
      reason,
      detail,
      writtenAtUs: this.#writtenAtUs ?? 0,
      atUs: this.#clock.monotonicUs(),
    });
  }

  #body(): string {
    if (this.#first === undefined) return '';
    return this.#rest === undefined
      ? this.#first.toString()
      : Buffer.concat([this.#first, ...this.#rest]).toString();
  }

  #end(result: CallResult): void {
    if (!this.#open) return;
    this.#open = false;
    this.#ended(this);
    this.#resolve(result);
  }
}

/** The code of an error, never its message: that may quote headers or addresses. */
const codeOf = (error: Error & { code?: unknown }): string =>
  typeof error.code === 'string' ? error.code : error.name;

function notSentReason(code: string): NotSent['reason'] {
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') return 'closed';
  return code === 'UND_ERR_INVALID_ARG' ? 'invalid' : 'connect';
}

function unansweredReason(code: string): Unanswered['reason'] {
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return 'too_large';
  if (
    code.startsWith('HPE_') ||
    code === 'UND_ERR_HEADERS_OVERFLOW' ||
    code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'
  )
    return 'protocol';
  return 'reset';
}
