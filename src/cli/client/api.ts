// The API over HTTP: one call, one answer, and two ways for it to go wrong.
import type { ProblemBody, ProblemDetail } from '../../contract/problem.ts';

const CALL_MAX_MS = 30_000;

/** The API said no, in its own words. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: readonly ProblemDetail[];
  readonly requestId: string | undefined;
  /** When the API wants to be asked again, if it says so. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, body: Partial<ProblemBody['error']>) {
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
  constructor(url: string, cause: unknown) {
    super(`Nothing answers at ${url} (${reasonOf(cause)}).`, { cause });
    this.name = 'Unreachable';
  }
}

export interface ApiOptions {
  url: string;
  key?: string | undefined;
}

export interface Answer<T> {
  body: T;
  headers: Headers;
}

export interface Api {
  readonly url: string;
  /** Throws {@link ApiProblem} or {@link Unreachable}. `T` is what the contract says stands there. */
  get<T>(path: string): Promise<T>;
  /** The same with the headers of the answer. */
  read<T>(path: string): Promise<Answer<T>>;
  send<T>(
    method: 'POST' | 'PUT',
    path: string,
    body: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer<T>>;
}

export function createApi({ url, key }: ApiOptions): Api {
  const base = url.replace(/\/+$/, '');
  const auth: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const call = async <T>(path: string, request: RequestInit): Promise<Answer<T>> => {
    const { response, text } = await exchange(base, path, request);
    const body = parsed(text);
    if (!response.ok) throw new ApiProblem(response.status, (body as Partial<ProblemBody>)?.error ?? {});
    if (body === undefined) throw new ApiProblem(response.status, {});
    return { body: body as T, headers: response.headers };
  };
  return {
    url: base,
    read: (path) => call(path, { headers: auth }),
    get: async <T>(path: string) => (await call<T>(path, { headers: auth })).body,
    send: (method, path, body, headers = {}) =>
      call(path, {
        method,
        headers: { ...auth, 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
  };
}

async function exchange(base: string, path: string, request: RequestInit) {
  try {
    const signal = AbortSignal.timeout(CALL_MAX_MS);
    const response = await fetch(`${base}${path}`, { ...request, signal, redirect: 'error' });
    return { response, text: await response.text() };
  } catch (error) {
    throw new Unreachable(base, error);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What fetch says is "fetch failed"; what happened stands below it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${CALL_MAX_MS / 1_000} s`;
  const code = error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : undefined;
  return code === 'ECONNREFUSED' ? 'connection refused' : (code ?? error.message);
}
