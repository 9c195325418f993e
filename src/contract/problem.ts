// The closed list of things that can go wrong at the API, each with its HTTP status. Every error that a caller sees is one of these.
import { z } from 'zod';

export const PROBLEM_STATUS = {
  invalid_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  conflict: 409,
  idempotency_in_progress: 409,
  precondition_failed: 412,
  payload_too_large: 413,
  unsupported_media_type: 415,
  idempotency_mismatch: 422,
  unprocessable: 422,
  rate_limit_exceeded: 429,
  backlog_full: 429,
  internal: 500,
  unavailable: 503,
} as const;

export type ProblemCode = keyof typeof PROBLEM_STATUS;

const detailSchema = z
  .object({ path: z.string(), code: z.string(), message: z.string() })
  .meta({ description: 'One fault in a request: where (`messages[3].to`), a short code, and a sentence.' });
export type ProblemDetail = z.output<typeof detailSchema>;

/** At most this many details travel in one error. */
export const MAX_DETAILS = 100;

const PROBLEM_CODES = Object.keys(PROBLEM_STATUS) as ProblemCode[];

export const problemSchema = z
  .object({
    error: z.object({
      code: z.enum(PROBLEM_CODES),
      message: z.string(),
      request_id: z.string(),
      retry_after: z.int().min(1).exactOptional().meta({ description: 'Seconds, rounded up.' }),
      details: z.array(detailSchema).max(MAX_DETAILS).exactOptional(),
    }),
  })
  .meta({ id: 'Problem', description: 'The body of every error answer.' });
export type ProblemBody = z.output<typeof problemSchema>;
