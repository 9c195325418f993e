// Opt-outs on the wire: who gets no more messages, of which categories, and why.
import { z } from 'zod';
import { MAX_DETAILS } from './problem.ts';
import { isoOut } from './time.ts';

export const CATEGORIES = ['marketing', 'utility', 'authentication', 'service'] as const;
export type Category = (typeof CATEGORIES)[number];

/** Numbers of one request. */
const NUMBERS_MAX = 10_000;
const TO_MAX = 40;
const REASON_MAX = 200;

/** Opt-outs of these sources are the person's own word, and the person may take it back. What was said at the platform weighs less. */
export const OWN_SOURCES = ['platform', 'inbound'] as const;
export type OwnSource = (typeof OWN_SOURCES)[number];

const to = z.string().min(1).max(TO_MAX);
/** One number or many. What is no number is said per row, not here. */
const numbers = z
  .union([to, z.array(to).min(1).max(NUMBERS_MAX)], {
    error: `must be a number or a list of 1 to ${NUMBERS_MAX} numbers`,
  })
  .transform((given) => (typeof given === 'string' ? [given] : given));

/** `POST /v1/suppressions`. Without `categories` it is about all of them. */
export const suppressionRequestSchema = z.strictObject({
  to: numbers,
  reason: z.string().max(REASON_MAX).default(''),
  source: z
    .string()
    .regex(/^[\w .:-]{1,64}$/, 'must be 1..64 of letters, digits, space, "_", ".", ":" and "-"')
    .default('api'),
  categories: z.array(z.enum(CATEGORIES)).min(1).max(CATEGORIES.length).optional(),
});

/** `DELETE /v1/suppressions`. */
export const suppressionRemovalSchema = z.strictObject({ to: numbers });

const whole = z.int().min(0);

export const suppressionSchema = z
  .object({
    id: z.string(),
    reason: z.string(),
    source: z.string(),
    categories: z.array(z.enum(CATEGORIES)).nullable().meta({ description: 'null: all.' }),
    created_at: isoOut,
  })
  .meta({ id: 'Suppression', description: 'An opt-out. The number of the person is not kept.' });
export type Suppression = z.output<typeof suppressionSchema>;

/** Numbers of a request that are none: the first hundred. */
const rejected = z.array(z.object({ index: whole, code: z.string(), message: z.string() })).max(MAX_DETAILS);

export const suppressionsAddedSchema = z
  .object({
    created: whole,
    existing: whole,
    rejected_count: whole,
    data: z.array(z.object({ index: whole, id: z.string(), created: z.boolean() })),
    rejected,
  })
  .meta({ id: 'SuppressionsAdded' });

export const suppressionsRemovedSchema = z
  .object({ removed: whole, rejected_count: whole, rejected })
  .meta({ id: 'SuppressionsRemoved' });
