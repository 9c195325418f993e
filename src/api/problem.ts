// Every error answer: one envelope, a code of the closed list, its status, and when to come back. What is not ours to tell stays in the log.
import type { FastifyReply } from 'fastify';
import { Failure, refused } from '../base/failure.ts';
import { MAX_DETAILS, PROBLEM_STATUS, type ProblemBody, type ProblemCode } from '../contract/problem.ts';

/** Answers with these codes say when to come back, whether or not the failure knew. */
const COME_BACK: ReadonlySet<ProblemCode> = new Set([
  'idempotency_in_progress',
  'rate_limit_exceeded',
  'backlog_full',
  'unavailable',
]);
const RETRY_AFTER_DEFAULT_MS = 1_000;

/** What Fastify itself refuses, in our words. Everything else of its with a 4xx is an invalid request. */
const FASTIFY_CODES: Record<string, [ProblemCode, string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['payload_too_large', 'The body is too large.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'unsupported_media_type',
    'The content type is not one that this route takes.',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'invalid_request',
    'The body is not as long as its content-length says.',
  ],
  FST_ERR_BAD_URL: ['invalid_request', 'The path is not a valid URL path.'],
  FST_ERR_MAX_PARAM_LENGTH: ['not_found', 'There is no such resource.'],
};

/** The failure that anything thrown stands for; undefined: a surprise, which is `internal`. */
export function failureOf(error: unknown): Failure | undefined {
  if (error instanceof Failure) return error;
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  const known = typeof code === 'string' ? FASTIFY_CODES[code] : undefined;
  if (known) return refused(known[0], known[1]);
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return refused('invalid_request', 'The request cannot be understood.');
  }
  return undefined;
}

export const internal = (cause: unknown): Failure =>
  new Failure({
    code: 'internal',
    message: 'Something went wrong here. The request id finds it in the log.',
    repeat: 'unsafe',
    cause,
  });

/** Seconds, rounded up; undefined when coming back does not help. */
function retryAfterOf(failure: Failure): number | undefined {
  if (!COME_BACK.has(failure.code)) return undefined;
  return Math.max(1, Math.ceil((failure.retryAfterMs ?? RETRY_AFTER_DEFAULT_MS) / 1_000));
}

export function problemBody(failure: Failure, requestId: string): ProblemBody {
  const retryAfter = retryAfterOf(failure);
  return {
    error: {
      code: failure.code,
      message: failure.message,
      request_id: requestId,
      ...(retryAfter !== undefined && { retry_after: retryAfter }),
      ...(failure.details.length > 0 && { details: failure.details.slice(0, MAX_DETAILS) }),
    },
  };
}

export function sendProblem(reply: FastifyReply, failure: Failure): FastifyReply {
  const retryAfter = retryAfterOf(failure);
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
  if (failure.code === 'unauthorized') reply.header('www-authenticate', 'Bearer');
  return reply.code(PROBLEM_STATUS[failure.code]).send(problemBody(failure, reply.request.id));
}

/**
 * A surprise for the log: its name, its message without long runs of digits (a message may quote a number), and where it was thrown.
 */
export function surpriseText(error: unknown): string {
  if (!(error instanceof Error)) return 'something that is no Error was thrown';
  const place = /\n\s+at (.+)/.exec(error.stack ?? '')?.[1] ?? 'nowhere';
  return `${error.name}: ${error.message.replace(/\+?\d{7,}/g, '…').slice(0, 500)} (${place.replace(/^.*\/(?=(src|workers|node_modules)\/)/, '')})`;
}
