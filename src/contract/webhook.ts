// What a client may say of its webhook endpoints. Strict, as every request.
import { z } from 'zod';
import { environmentSchema } from './environment.ts';
import { eventFiltersSchema } from './event.ts';
import { durationSchema, isoOut, timestampSchema } from './time.ts';

const DESCRIPTION_MAX = 200;
const description = z.string().max(DESCRIPTION_MAX);
const url = z.string().min(1).max(2_048);
const DAY_MS = 86_400_000;

/** `POST /v1/webhooks`. Without `events` an endpoint gets all of them. */
export const webhookCreateSchema = z.strictObject({
  url,
  events: eventFiltersSchema.default(['*']),
  description: description.default(''),
});

/** `PATCH /v1/webhooks/:id`. `enabled`: true takes up what has waited. */
export const webhookPatchSchema = z
  .strictObject({
    url: url.optional(),
    events: eventFiltersSchema.optional(),
    description: description.optional(),
    enabled: z.boolean().optional(),
  })
  .refine((patch) => Object.values(patch).some((value) => value !== undefined), 'must change something');

/** `POST /v1/webhooks/:id/rotate`: for so long the old secret signs beside the new one. */
export const webhookRotateSchema = z.strictObject({ overlap: durationSchema.default(DAY_MS) });

/** `POST /v1/webhooks/:id/replay`: one delivery by its id, or all of a time range. */
export const webhookReplaySchema = z
  .strictObject({
    delivery: z.string().min(1).max(64).optional(),
    from: timestampSchema.optional(),
    to: timestampSchema.optional(),
  })
  .refine(
    ({ delivery, from, to }) =>
      (delivery === undefined) === (from !== undefined) && (from !== undefined || to === undefined),
    'must name a delivery, or a time range by from, and to where it ends before now',
  );

const text = z.string();
const when = isoOut.nullable();

export const webhookViewSchema = z
  .object({
    id: text,
    url: text,
    events: z.array(text),
    description: text,
    environment: environmentSchema,
    enabled: z.boolean(),
    disabled_reason: z
      .enum(['gone', 'failing', 'backlog'])
      .nullable()
      .meta({ description: 'Why it was disabled, if not by you.' }),
    disabled_at: when,
    created_at: when,
    source: z
      .enum(['file', 'api'])
      .meta({ description: 'What stands in the accounts file is taken away there.' }),
  })
  .meta({ id: 'Webhook', description: 'An endpoint of yours. Its secret never comes back out.' });
export type WebhookView = z.output<typeof webhookViewSchema>;

export const webhookMadeSchema = z
  .object({ ...webhookViewSchema.shape, secret: text.meta({ description: 'Told this once.' }) })
  .meta({ id: 'WebhookWithSecret' });

export const webhookTestedSchema = z.object({ id: text }).meta({ id: 'WebhookTested' });

export const webhookReplayedSchema = z
  .object({
    count: z.int().min(0),
    until: when.meta({ description: 'Of the last one, when there are more: call again from here.' }),
  })
  .meta({ id: 'WebhookReplayed' });

export const deliverySchema = z
  .object({
    id: text,
    type: text,
    events: z.int().min(0),
    attempt: z.int().min(1),
    at: isoOut,
    duration_ms: z.int().min(0),
    status: z.int().nullable(),
    error: text.nullable(),
    next_attempt_at: when,
  })
  .meta({ id: 'Delivery', description: 'One try to deliver one post.' });
