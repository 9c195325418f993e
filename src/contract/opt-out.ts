// How a workspace reads its people's answers: which words end messages, in which languages, and of which categories.
import { z } from 'zod';
import { CATEGORIES } from './suppression.ts';

/** Languages that have words by themselves. */
export const WORD_LANGUAGES = [
  'ar',
  'de',
  'en',
  'es',
  'fr',
  'hi',
  'id',
  'it',
  'nl',
  'pl',
  'pt',
  'ru',
  'tr',
] as const;
export type WordLanguage = (typeof WORD_LANGUAGES)[number];

const language = z.enum(WORD_LANGUAGES);
/** In place of the words that the language has by itself. */
const words = z.partialRecord(language, z.array(z.string().trim().min(1).max(64)).max(32));

/** `opt_out` of a workspace in the accounts file. Without it: every language's own words. */
export const optOutSchema = z.strictObject({
  enabled: z.boolean().default(true),
  languages: z
    .array(language)
    .max(WORD_LANGUAGES.length)
    .default([...WORD_LANGUAGES]),
  stop_words: words.default({}),
  start_words: words.default({}),
  /** What a stop word ends. Codes for a login and answers to a question go on: the person asks for them. */
  categories: z.array(z.enum(CATEGORIES)).min(1).max(CATEGORIES.length).default(['marketing', 'utility']),
});
export type OptOutSettings = z.output<typeof optOutSchema>;

export const DEFAULT_OPT_OUT: OptOutSettings = optOutSchema.parse({});
