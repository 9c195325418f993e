// Templates on the wire: what is submitted to the platform, and what a sender's account there has.
import { z } from 'zod';
import { byteSize, metadataSchema, templateSchema } from './request.ts';

/** Of all components as JSON: a job keeps them as one row. */
const COMPONENTS_MAX_BYTES = 24 * 1024;

const TEMPLATE_CATEGORIES = ['marketing', 'utility', 'authentication'] as const;

const components = templateSchema.shape.components
  .unwrap()
  .min(1)
  .refine(
    (all) => byteSize(all) <= COMPONENTS_MAX_BYTES,
    `must be at most ${COMPONENTS_MAX_BYTES} bytes as JSON`,
  );

/** One template as a job holds it. */
export const newTemplateSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9_]{1,512}$/, 'must be 1..512 of a-z, 0-9 and "_"'),
  language: z.string().regex(/^[a-z]{2,3}(_[A-Z]{2,4})?$/, 'must be a language such as "en" or "en_US"'),
  category: z.enum(TEMPLATE_CATEGORIES),
  components,
});
export type NewTemplate = z.output<typeof newTemplateSchema>;

/** `POST /v1/templates`. */
export const templateRequestSchema = newTemplateSchema.extend({
  sender: z.string().min(1).max(64),
  metadata: metadataSchema.default({}),
  idempotency_key: z.string().optional(),
});

/** What tells the templates of an account apart. */
export const templateName = ({ name, language }: { name: string; language: string }): string =>
  `${name} ${language}`;

/** A template of an account as the platform has it. */
export const templateViewSchema = z
  .object({
    id: z.string().nullable(),
    name: z.string(),
    language: z.string(),
    category: z.string().meta({ description: 'In the platform’s words, in lower case.' }),
    status: z.string().meta({ description: 'In the platform’s words: `APPROVED`, `PENDING`, `PAUSED` …' }),
    variables: z.array(z.string()).meta({ description: 'What its body wants, by position or by name.' }),
  })
  .meta({ id: 'Template' });
export type Template = z.output<typeof templateViewSchema>;
