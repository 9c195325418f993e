// Contacts on the wire: what a workspace knows of a person. A field that is not given stays as it is, null takes it away.
import { z } from 'zod';
import { tagSchema } from './audience.ts';
import { isTimeZone, metadataSchema } from './request.ts';
import { isoOut } from './time.ts';

const MAX_CONTACTS = 10_000;
const TAGS_MAX = 50;
const ATTRIBUTES_MAX = 50;
const ATTRIBUTE_MAX = 64;
const ATTRIBUTES_MAX_BYTES = 4 * 1024;

const tags = z.array(tagSchema).max(TAGS_MAX);
const attribute = z.union([z.string().max(1_024), z.number(), z.boolean(), z.null()]);
const attributes = z
  .record(z.string().min(1).max(ATTRIBUTE_MAX), attribute)
  .refine(
    (all) => Object.keys(all).length <= ATTRIBUTES_MAX && JSON.stringify(all).length <= ATTRIBUTES_MAX_BYTES,
    `must be at most ${ATTRIBUTES_MAX} attributes and ${ATTRIBUTES_MAX_BYTES} bytes as JSON`,
  );
const externalId = z.string().min(1).max(128);
const timeZone = z.string().max(64).refine(isTimeZone, 'must be an IANA time zone');

/** One contact of `POST /v1/contacts/bulk`: known again by its external id, else by its number. `tags` replaces, `attributes` adds up. */
export const contactInputSchema = z
  .strictObject({
    number: z.string().min(1).max(40).optional(),
    external_id: externalId.optional(),
    name: z.string().max(256).nullable().optional(),
    email: z.email().max(254).nullable().optional(),
    time_zone: timeZone.nullable().optional(),
    language: z.string().min(2).max(35).nullable().optional(),
    tags: tags.optional(),
    attributes: attributes.optional(),
  })
  .refine(({ number, external_id }) => number !== undefined || external_id !== undefined, {
    path: ['number'],
    error: 'give a number or an external_id',
  })
  .meta({ id: 'ContactInput', description: 'One contact of a request.' });
export type ContactInput = z.output<typeof contactInputSchema>;

const contacts = z
  .custom<unknown[]>(Array.isArray, 'must be a list')
  .check((ctx) => {
    if (Array.isArray(ctx.value) && ctx.value.length >= 1 && ctx.value.length <= MAX_CONTACTS) return;
    ctx.issues.push({ code: 'custom', input: undefined, message: `must have 1 to ${MAX_CONTACTS} contacts` });
  })
  .meta({
    type: 'array',
    minItems: 1,
    maxItems: MAX_CONTACTS,
    items: { $ref: '#/components/schemas/ContactInput' },
  });

/** `POST /v1/contacts/bulk`. `contacts` are looked at one by one in accept. Without `sender` the job stands with the first one. */
export const contactsRequestSchema = z.strictObject({
  sender: z.string().min(1).max(64),
  contacts,
  validation: z.enum(['permissive', 'strict']).default('permissive'),
  metadata: metadataSchema.default({}),
  idempotency_key: z.string().optional(),
});

export const contactSchema = z
  .object({
    id: z.string(),
    number: z.string().nullable(),
    external_id: z.string().nullable(),
    name: z.string().nullable(),
    email: z.string().nullable(),
    time_zone: z.string().nullable(),
    language: z.string().nullable(),
    tags: z.array(z.string()),
    attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    created_at: isoOut,
    updated_at: isoOut,
  })
  .meta({ id: 'Contact' });
export type Contact = z.output<typeof contactSchema>;
