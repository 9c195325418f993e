// Query strings, as strict as bodies: an unknown parameter, or one given twice, is a mistake that is said with its name.
import { z } from 'zod';
import { type Failure, refused } from '../base/failure.ts';
import { tagSchema } from '../contract/audience.ts';
import type { ProblemDetail } from '../contract/problem.ts';
import { detailsOf } from '../contract/request.ts';
import { timestampSchema } from '../contract/time.ts';

const PAGE_MAX = 1_000;
const PAGE_DEFAULT = 50;

/** What every list takes beside its own filter. */
export const pageFields = {
  limit: z
    .string()
    .regex(/^\d{1,4}$/, `must be a whole number from 1 to ${PAGE_MAX}`)
    .meta({ type: 'integer', minimum: 1, maximum: PAGE_MAX, pattern: undefined })
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= PAGE_MAX, `must be a whole number from 1 to ${PAGE_MAX}`)
    .default(PAGE_DEFAULT),
  cursor: z.string().min(1, 'must be the next_cursor of a page').optional(),
};

/** A parameter with a closed list of values. */
export const oneOf = <Value extends string>(values: readonly Value[]) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` });

export const pageQuery = z.strictObject(pageFields);
export const contactsQuery = z.strictObject({
  ...pageFields,
  tag: tagSchema.optional(),
  updated_after: timestampSchema.optional(),
});

export const noQuery = z.strictObject({});

/** Throws `invalid_request` with a detail per parameter. */
export function parseQuery<Schema extends z.ZodType>(schema: Schema, query: unknown): z.output<Schema> {
  const given = query as Record<string, unknown>;
  const twice = Object.keys(given).filter((name) => Array.isArray(given[name]));
  if (twice.length > 0)
    throw invalidQuery(twice.map((path) => ({ path, code: 'repeated', message: 'must be given once' })));
  const parsed = schema.safeParse({ ...given });
  if (parsed.success) return parsed.data;
  throw invalidQuery(detailsOf(parsed.error));
}

function invalidQuery(details: ProblemDetail[]): Failure {
  const [first] = details;
  return refused(
    'invalid_request',
    `The query is not valid: ${first?.path ?? ''} ${first?.message ?? ''}`,
    details,
  );
}
