// One call as undici's handler: what was written, what came back, and how it ended. It ends once; what comes after that is not heard.
import type { Clock } from './clock.ts';

/** A form with a file, as the door makes it. */
export interface CallForm {
  append(name: string, value: string): void;
}

export interface CallOptions {
  /** scheme://host:port */
  origin: string;
  path: string;
  method: 'POST' | 'GET';
  /** [name, value, name, value …]. Use the same array again for the same headers: it is checked once. */
  headers: readonly string[];
  /** A form brings its content type itself. */
  body: string | CallForm;
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

const DEFAULT_DEADLINE_MS = 30_000;

const NOT_WRITTEN = new Error('not written');
const TIMED_OUT = new Error('timed out');

/** What a call needs of undici's controller. */
interface Controller {
  abort(reason: Error): void;
}

/** Counts the calls of one pool, so that it is not closed under them. */
export interface Counted {
  calls: number;
}

export class Call {
  readonly deadlineUs: number;
  readonly group: Counted;
  readonly #options: CallOptions;
  readonly #clock: Clock;
  readonly #resolve: (result: CallResult) => void;
  readonly #ended: (call: Call) => void;
  #open = true;
  #writtenAtUs: number | undefined;
  #controller: Controller | undefined;
  #status = 0;
  #headers: AnswerHeaders = {};
  #first: Buffer | undefined;
  #rest: Buffer[] | undefined;

  constructor(
    options: CallOptions,
    group: Counted,
    clock: Clock,
    resolve: (result: CallResult) => void,
    ended: (call: Call) => void,
  ) {
    this.#options = options;
    this.group = group;
    this.#clock = clock;
    this.#resolve = resolve;
    this.#ended = ended;
    this.deadlineUs = clock.monotonicUs() + (options.deadlineMs ?? DEFAULT_DEADLINE_MS) * 1_000;
  }

  /** Straight before the write. Throwing means: do not write. */
  onRequestStart(controller: Controller): void {
    if (!this.#open || this.#writtenAtUs !== undefined || !this.#options.mayWrite()) throw NOT_WRITTEN;
    this.#controller = controller;
    this.#writtenAtUs = this.#clock.monotonicUs();
  }

  onResponseStart(_controller: Controller, status: number, headers: AnswerHeaders): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
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

  onResponseError(_controller: Controller | null, error: Error): void {
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

export const notSent = (reason: NotSent['reason'], detail: string, clock: Clock): NotSent => ({
  kind: 'not_sent',
  reason,
  detail,
  atUs: clock.monotonicUs(),
});

/** The code of an error, never its message: that may quote headers or addresses. */
const codeOf = (error: Error & { code?: unknown }): string =>
  typeof error.code === 'string' ? error.code : error.name;

function notSentReason(code: string): NotSent['reason'] {
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') return 'closed';
  return code === 'UND_ERR_INVALID_ARG' ? 'invalid' : 'connect';
}

const PROTOCOL = new Set([
  'HTTPParserError',
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

function unansweredReason(code: string): Unanswered['reason'] {
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return 'too_large';
  return PROTOCOL.has(code) || code.startsWith('HPE_') ? 'protocol' : 'reset';
}
