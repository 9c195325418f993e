// One try of one delivery: signed anew, sent, and what its answer means. Nothing that the receiver says but its status goes anywhere.
import type { Endpoint } from '../../src/accounts/port.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { AnswerHeaders, CallResult, HttpClient } from '../../src/base/http.ts';
import { NOT_PUBLIC } from '../../src/base/http.ts';
import { askedMs } from '../../src/platforms/meta/retry-after.ts';
import { addressProblem } from '../../src/subscribers/address.ts';
import type { Body } from '../../src/subscribers/body.ts';
import { signaturesOf } from '../../src/subscribers/signature.ts';

const GONE = 410;

export interface CallOptions {
  clock: Clock;
  /** Reaches public addresses only. */
  http: HttpClient;
  /** For endpoints of the accounts file that may be private. */
  privateHttp: HttpClient;
  /** From the look-up of the receiver's name to the last byte of its answer, however slowly that drips. */
  timeoutMs: number;
}

export interface Verdict {
  taken: boolean;
  /** The receiver wants nothing more. */
  gone: boolean;
  status: number | null;
  /** In a word why it was not taken. */
  error: string | null;
  retryAfterMs: number | undefined;
  durationMs: number;
}

export async function callEndpoint(options: CallOptions, endpoint: Endpoint, body: Body): Promise<Verdict> {
  const { clock } = options;
  const beganUs = clock.monotonicUs();
  // It may have been registered by rules that were laxer.
  if (addressProblem(endpoint.url, endpoint.allow_private) !== undefined)
    return { ...NOTHING, error: 'address_not_allowed', durationMs: 0 };
  const { origin, pathname, search } = new URL(endpoint.url);
  const timestampS = Math.floor(clock.now() / 1_000);
  const result = await (endpoint.allow_private ? options.privateHttp : options.http).call({
    origin,
    path: pathname + search,
    method: 'POST',
    headers: [
      'content-type',
      'application/json',
      'user-agent',
      'Sluice-Webhooks/1',
      'webhook-id',
      body.id,
      'webhook-timestamp',
      String(timestampS),
      'webhook-signature',
      signaturesOf(secretsOf(endpoint, clock.now()), body.id, timestampS, body.text),
    ],
    body: body.text,
    mayWrite: () => true,
    deadlineMs: options.timeoutMs,
  });
  return verdictOf(result, clock.now(), Math.round((clock.monotonicUs() - beganUs) / 1_000));
}

const secretsOf = ({ secret, previous_secret, previous_until }: Endpoint, nowMs: number): string[] =>
  previous_secret !== undefined && previous_until > nowMs ? [secret, previous_secret] : [secret];

const NOTHING: Omit<Verdict, 'durationMs'> = {
  taken: false,
  gone: false,
  status: null,
  error: null,
  retryAfterMs: undefined,
};

function verdictOf(result: CallResult, nowMs: number, durationMs: number): Verdict {
  if (result.kind !== 'answered')
    return {
      ...NOTHING,
      durationMs,
      error: result.detail === NOT_PUBLIC ? 'address_not_public' : result.reason,
    };
  const { status, headers } = result;
  const taken = status >= 200 && status < 300;
  return {
    taken,
    gone: status === GONE,
    status,
    error: taken ? null : 'refused',
    retryAfterMs: taken ? undefined : askedMs(onlyRetryAfter(headers), nowMs),
    durationMs,
  };
}

const onlyRetryAfter = ({ 'retry-after': retryAfter, date }: AnswerHeaders): AnswerHeaders => ({
  'retry-after': retryAfter,
  date,
});
