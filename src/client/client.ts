// The API from a program: one typed method for each operation, over `fetch`. It needs nothing else, and runs wherever fetch does.
//
//   const sluice = createClient({ url: 'http://127.0.0.1:8080', key });
//   const { body } = await sluice.sendBulk({ body: { sender: 's1', … }, headers: { 'idempotency-key': 'k1' } });
//   const job = await sluice.getJob({ params: { id: body.job.id } });
import { type Calls, type Problem, ROUTES } from './calls.generated.ts';

export type * from './calls.generated.ts';

const CALL_MAX_MS = 30_000;

/** The API said no, in its own words. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: readonly { path: string; code: string; message: string }[];
  readonly requestId: string | undefined;
  /** When the API wants to be asked again, if it says so. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, body: Partial<Problem['error']>) {
    super(body.message ?? `The answer was ${status}, and not one of Sluice's.`);
    this.name = 'ApiProblem';
    this.status = status;
    this.code = body.code ?? 'unknown';
    this.details = body.details ?? [];
    this.requestId = body.request_id;
    this.retryAfterMs = body.retry_after === undefined ? undefined : body.retry_after * 1_000;
  }

  /** Whether the same call may be taken later. */
  get passing(): boolean {
    return this.status === 429 || this.status >= 500;
  }
}

/** There was no answer: whether the call arrived is not known. */
export class Unreachable extends Error {
  constructor(url: string, cause: unknown, maxMs: number) {
    super(`Nothing answers at ${url} (${reasonOf(cause, maxMs)}).`, { cause });
    this.name = 'Unreachable';
  }
}

export interface ClientOptions {
  url: string;
  /** None: only what is open to everybody. */
  key?: string | undefined;
  /** For one call, its answer included; 30 s by default. 0: no bound, for streams. */
  timeoutMs?: number;
}

export interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

type Name = keyof Calls;
type Sent<Of extends Name> = Omit<Calls[Of], 'answer'>;
type Extra = { headers?: Record<string, string>; signal?: AbortSignal };
/** What a call takes; nothing, when nothing of it is needed. */
type Given<Of extends Name> =
  Record<never, never> extends Sent<Of> ? [call?: Sent<Of> & Extra] : [call: Sent<Of> & Extra];

/** Each method throws {@link ApiProblem} or {@link Unreachable}. An answer that is no JSON is given as the `Response`, to be read by the caller. */
export type Client = {
  readonly [Of in Name]: (...given: Given<Of>) => Promise<Answer<Calls[Of]['answer']>>;
};

export function createClient(options: ClientOptions): Client {
  const method = ([name, route]: [string, string]) =>
    [name, (call: AnyCall = {}) => send(options, route, call)] as const;
  return Object.fromEntries(Object.entries(ROUTES).map(method)) as unknown as Client;
}

interface AnyCall {
  params?: Record<string, string>;
  query?: Record<string, unknown>;
  headers?: Record<string, string>;
  body?: unknown;
  signal?: AbortSignal;
}

async function send(options: ClientOptions, route: string, call: AnyCall): Promise<Answer<unknown>> {
  const [method = 'GET', path = '/'] = route.split(' ');
  const base = options.url.replace(/\/+$/, '');
  const url = `${base}${path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(call.params?.[name] ?? ''))}${queryOf(call.query)}`;
  const maxMs = options.timeoutMs ?? CALL_MAX_MS;
  try {
    const signals = [
      ...(call.signal ? [call.signal] : []),
      ...(maxMs > 0 ? [AbortSignal.timeout(maxMs)] : []),
    ];
    const response = await fetch(url, {
      method,
      redirect: 'error',
      ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
      ...requestOf(options, call),
    });
    return await answerOf(response);
  } catch (error) {
    if (error instanceof ApiProblem) throw error;
    throw new Unreachable(base, error, maxMs);
  }
}

function queryOf(query: Record<string, unknown> = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.length === 0
    ? ''
    : `?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]))}`;
}

/** A plain object or a list goes as JSON; text, bytes and streams as they are, with a content type of the caller's. */
function requestOf({ key }: ClientOptions, { headers = {}, body }: AnyCall): RequestInit {
  const auth: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  if (body === undefined) return { headers: { ...auth, ...headers } };
  const plain = Array.isArray(body) || Object.getPrototypeOf(body) === Object.prototype;
  if (plain)
    return {
      headers: { ...auth, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    };
  return { headers: { ...auth, ...headers }, body, duplex: 'half' } as RequestInit;
}

async function answerOf(response: Response): Promise<Answer<unknown>> {
  const { status, headers, ok } = response;
  const isJson = /^application\/json\b/.test(headers.get('content-type') ?? '');
  if (ok && !isJson) return { status, headers, body: response };
  const body = parsed(await response.text());
  if (!ok) throw new ApiProblem(status, (body as Partial<Problem> | undefined)?.error ?? {});
  if (body === undefined) throw new ApiProblem(status, {});
  return { status, headers, body };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What fetch says is "fetch failed"; what happened stands below it. */
function reasonOf(error: unknown, maxMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${maxMs / 1_000} s`;
  const code = error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : undefined;
  return code === 'ECONNREFUSED' ? 'connection refused' : (code ?? error.message);
}
