// What a client posts to `/v1/messages/bulk` and `/v1/messages`, all but the messages themselves: those are up to 10,000 rows and have
// their own check in accept. Strict: an unknown field is a mistake, said with its path.
import { z } from 'zod';
import { whatIfSchema } from './account.ts';
import { audienceSchema } from './audience.ts';
import { MAX_DETAILS, type ProblemDetail } from './problem.ts';
import { durationSchema, timestampSchema } from './time.ts';

const MAX_MESSAGES = 10_000;
export const MESSAGE_MAX_BYTES = 32 * 1024;
export const REFERENCE_MAX = 128;
const METADATA_MAX_BYTES = 4 * 1024;
export const KEY_MAX = 255;
/** A job starts at most this far ahead, and is dead this long after it was made. */
export const SEND_AT_MAX_MS = 30 * 86_400_000;
export const JOB_LIFE_MS = 45 * 86_400_000;

const MAX_DEPTH = 32;
const TEXT_MAX = 4_096;

const component = z
  .record(z.string(), z.unknown())
  .refine((one) => depthWithin(one, MAX_DEPTH), `must not nest deeper than ${MAX_DEPTH} levels`);

export const templateSchema = z.strictObject({
  name: z.string().min(1).max(512),
  language: z.string().min(2).max(32),
  components: z.array(component).max(32).optional(),
});

export const textSchema = z.strictObject({
  body: z.string().min(1).max(TEXT_MAX),
  preview_url: z.boolean().optional(),
});

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a local time such as "21:00"');
/**
 * Local [from, to), over midnight where `to` comes first. "recipient": the zone that the contact has told, else every zone of the number's
 * country, quiet while it is quiet in any of them. A number whose country is unknown is held until the job expires: fail closed.
 */
const quietHoursSchema = z
  .strictObject({
    from: timeOfDay,
    to: timeOfDay,
    time_zone: z
      .string()
      .max(64)
      .refine((name) => name === 'recipient' || isTimeZone(name), 'must be "recipient" or an IANA time zone'),
  })
  .refine(({ from, to }) => from !== to, { path: ['to'], error: 'must not be the same as from' });

export const metadataSchema = z
  .record(z.string(), z.unknown())
  .refine((value) => depthWithin(value, MAX_DEPTH) && byteSize(value) <= METADATA_MAX_BYTES, {
    error: `must be at most ${METADATA_MAX_BYTES} bytes as JSON and ${MAX_DEPTH} levels deep`,
  });

export const CATEGORIES = ['marketing', 'utility', 'authentication', 'service'] as const;
export const VALIDATIONS = ['permissive', 'strict'] as const;
export const ON_UNKNOWN = ['hold', 'resend'] as const;
export const PRIORITY_NAMES = ['bulk', 'normal', 'high'] as const;

const shared = {
  sender: z.string().min(1).max(64),
  template: templateSchema.optional(),
  text: textSchema.optional(),
  category: z.enum(CATEGORIES).default('marketing'),
  send_at: timestampSchema.optional(),
  spread: durationSchema.optional(),
  expires_after: durationSchema.optional(),
  /** Refused when no limit allows it; ends the job where `expires_after` does not. */
  finish_by: timestampSchema.optional(),
  quiet_hours: quietHoursSchema.optional(),
  validation: z.enum(VALIDATIONS).default('permissive'),
  unique_within: durationSchema.optional(),
  on_unknown: z.enum(ON_UNKNOWN).default('hold'),
  metadata: metadataSchema.default({}),
  idempotency_key: z.string().optional(),
};
const priority = z.enum(PRIORITY_NAMES);

const messages = z
  .custom<unknown[]>(Array.isArray, 'must be a list')
  .check((ctx) => {
    if (Array.isArray(ctx.value) && ctx.value.length >= 1 && ctx.value.length <= MAX_MESSAGES) return;
    ctx.issues.push({ code: 'custom', input: undefined, message: `must have 1 to ${MAX_MESSAGES} messages` });
  })
  .meta({
    type: 'array',
    minItems: 1,
    maxItems: MAX_MESSAGES,
    items: { $ref: '#/components/schemas/Message' },
  });

const to = z.string().meta({ description: 'With its country code.', examples: ['+16505551234'] });
const variables = z.union([z.array(z.string()), z.record(z.string(), z.string())]).meta({
  description: 'Of the template, by position or by name.',
});
const reference = z.string().max(REFERENCE_MAX);

/** One of `messages`, as it is described; accept checks them by hand, because there are many. */
export const messageSchema = z
  .strictObject({
    to,
    variables: variables.optional(),
    reference: reference.optional(),
    template: templateSchema.optional(),
    text: textSchema.optional(),
  })
  .meta({
    id: 'Message',
    description: 'One recipient. A template or a text of its own stands for that of the job.',
  });

/** `POST /v1/messages/bulk`: `messages` or an `audience`. `messages` are looked at one by one in accept. */
export const bulkRequestSchema = z
  .strictObject({
    ...shared,
    priority: priority.default('bulk'),
    messages: messages.optional(),
    audience: audienceSchema.optional(),
  })
  .superRefine(consistent)
  .superRefine(addressed);
export type BulkRequestBody = Omit<z.output<typeof bulkRequestSchema>, 'messages'> & { messages: unknown[] };

/** `POST /v1/jobs/plan`. */
export const planRequestSchema = bulkRequestSchema.safeExtend({ what_if: whatIfSchema.optional() });

/** `POST /v1/messages`: the fields of the one message stand beside the others. */
export const oneRequestSchema = z
  .strictObject({
    ...shared,
    priority: priority.default('high'),
    to: z.unknown().meta(described(to)),
    variables: z.unknown().meta(described(variables)).optional(),
    reference: z.unknown().meta(described(reference)).optional(),
  })
  .superRefine(consistent);

/** The schema of a field that accept checks by hand. */
function described(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}

interface Consistency {
  template?: unknown;
  text?: unknown;
  spread?: number | undefined;
  expires_after?: number | undefined;
  quiet_hours?: unknown;
  unique_within?: number | undefined;
  on_unknown: 'hold' | 'resend';
}

/** What no field can say alone. */
function consistent(body: Consistency, ctx: z.RefinementCtx): void {
  const problem = (path: string, code: string, message: string): void =>
    ctx.addIssue({ code: 'custom', path: [path], message, params: { code } });
  if (body.template !== undefined && body.text !== undefined)
    problem('text', 'ambiguous', 'give a template or a text, not both');
  if (body.spread !== undefined && body.expires_after !== undefined && body.spread > body.expires_after)
    problem('spread', 'too_long', 'must not be longer than expires_after');
  if (body.unique_within !== undefined && body.text !== undefined)
    problem('unique_within', 'needs_template', 'goes with a template only');
}

/** Either names its recipients. */
function addressed(body: { messages?: unknown; audience?: unknown }, ctx: z.RefinementCtx): void {
  if ((body.messages === undefined) !== (body.audience === undefined)) return;
  const both = body.messages !== undefined;
  ctx.addIssue({
    code: 'custom',
    path: [both ? 'audience' : 'messages'],
    message: both ? 'give messages or an audience, not both' : 'give messages, or an audience',
    params: { code: both ? 'ambiguous' : 'required' },
  });
}

/** zod's issues → details of an `invalid_request`, at most 100. Never repeats a value. */
export const detailsOf = (error: z.ZodError): ProblemDetail[] =>
  error.issues.flatMap(detailsOfIssue).slice(0, MAX_DETAILS);

function detailsOfIssue(issue: z.core.$ZodIssue): ProblemDetail[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: pathOf([...issue.path, key.slice(0, 64)]),
      code: 'unknown_field',
      message: 'is not a known field',
    }));
  const named: unknown = issue.code === 'custom' ? (issue.params?.code ?? 'invalid') : issue.code;
  return [{ path: pathOf(issue.path), code: String(named), message: issue.message }];
}

/** ["messages", 7, "to"] → "messages[7].to" */
export const pathOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  );

/** Bytes of the value as JSON. */
export const byteSize = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** Stops at the limit, so it is safe on any nesting; writing JSON is not. */
function depthWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((one) => depthWithin(one, levels - 1));
}

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}
