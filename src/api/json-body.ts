// The body of a small JSON request: strict, and what is wrong with it is said with its path.
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { parseBody } from '../accept/body.ts';
import { refused } from '../base/failure.ts';
import type { ProblemDetail } from '../contract/problem.ts';
import { detailsOf } from '../contract/request.ts';
import type { Body } from './body.ts';

/** What was sent, in the wire's own form, and what it means. */
export interface JsonBody<Value> {
  given: Record<string, unknown>;
  value: Value;
}

/** Throws `invalid_request` with a detail per fault. The bytes count as held until they are parsed. */
export function jsonBody<Schema extends z.ZodType>(
  request: FastifyRequest,
  schema: Schema,
): JsonBody<z.output<Schema>> {
  const body = request.body as Body | undefined;
  try {
    const given = parseBody(body?.raw ?? Buffer.alloc(0));
    const parsed = schema.safeParse(given);
    if (parsed.success) return { given, value: parsed.data };
    throw invalidBody(detailsOf(parsed.error));
  } finally {
    body?.lease.release();
  }
}

/** How much there is to parse. */
export const bodyBytes = (request: FastifyRequest): number =>
  (request.body as Body | undefined)?.raw.length ?? 0;

/** The same for a body that may be left out: then it means an empty object. */
export function optionalBody<Schema extends z.ZodType>(
  request: FastifyRequest,
  schema: Schema,
): z.output<Schema> {
  const body = request.body as Body | undefined;
  if (body !== undefined && body.raw.length > 0) return jsonBody(request, schema).value;
  body?.lease.release();
  return schema.parse({});
}

export function invalidBody(details: ProblemDetail[]) {
  const [first] = details;
  return refused(
    'invalid_request',
    `The request is not valid: ${first?.path ?? ''} ${first?.message ?? ''}`.replace('  ', ' '),
    details,
  );
}
