// Whom a job addresses by the tags of contacts, in the place of a list.
import { z } from 'zod';

const TAG_MAX = 64;
const AUDIENCE_TAGS_MAX = 10;
const VARIABLES_MAX = 64;
const VARIABLE_MAX = 1_024;

export const tagSchema = z.string().trim().min(1).max(TAG_MAX);

/** What of a contact may stand in a variable: `{{name}}`, `{{attributes.city}}`, or with what stands for a missing one, `{{name|friend}}`. */
const PLACEHOLDER = /\{\{\s*([^{}|]+?)\s*(?:\|([^{}]*))?\}\}/g;
const FIELDS = ['name', 'email', 'language', 'external_id', 'number'] as const;
const ATTRIBUTES = 'attributes.';

export type AudienceField = (typeof FIELDS)[number];

/** Of a contact. */
export interface AudienceFields extends Partial<Record<AudienceField, string>> {
  attributes: Readonly<Record<string, unknown>>;
}

const isField = (name: string): name is AudienceField => (FIELDS as readonly string[]).includes(name);

const variable = z
  .string()
  .max(VARIABLE_MAX)
  .refine(
    (text) =>
      [...text.matchAll(PLACEHOLDER)].every(([, name = '']) => isField(name) || name.startsWith(ATTRIBUTES)),
    `may name ${FIELDS.join(', ')} and attributes.NAME of a contact`,
  );

export const audienceSchema = z
  .strictObject({
    tags: z.array(tagSchema).min(1).max(AUDIENCE_TAGS_MAX),
    match: z.enum(['any', 'all']).default('any'),
    variables: z
      .union([
        z.array(variable).max(VARIABLES_MAX),
        z
          .record(z.string().min(1).max(64), variable)
          .refine((all) => Object.keys(all).length <= VARIABLES_MAX, `must be at most ${VARIABLES_MAX}`),
      ])
      .optional()
      .meta({
        description:
          'Of the template, for everybody. {{name}}, {{email}}, {{language}}, {{external_id}}, {{number}} and {{attributes.NAME}} stand for what the contact has; {{name|friend}} says what stands where it has none.',
      }),
  })
  .meta({
    id: 'Audience',
    description: 'The contacts with any or all of these tags, as they are when the job comes.',
  });
export type Audience = z.output<typeof audienceSchema>;

/** Undefined when the contact lacks something that is named without a word in its place. */
export function filledIn(text: string, contact: AudienceFields): string | undefined {
  let lacks = false;
  const filled = text.replace(PLACEHOLDER, (_, name: string, otherwise: string | undefined) => {
    const value = isField(name)
      ? contact[name]
      : Object.hasOwn(contact.attributes, name.slice(ATTRIBUTES.length))
        ? contact.attributes[name.slice(ATTRIBUTES.length)]
        : undefined;
    lacks ||= value === undefined && otherwise === undefined;
    return String(value ?? otherwise ?? '');
  });
  return lacks ? undefined : filled;
}
