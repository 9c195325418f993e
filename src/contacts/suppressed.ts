// An opt-out as it is kept: "at|source|categories|reason", a letter per category, "*" for all. Pure.
import { CATEGORIES, type Category, type Suppression } from '../contract/suppression.ts';
import { isoTime } from '../contract/time.ts';

const ID_PREFIX = 'sup_';
const LETTERS: Readonly<Record<Category, string>> = {
  marketing: 'm',
  utility: 'u',
  authentication: 'a',
  service: 's',
};
const ALL = '*';

export interface Suppressed {
  /** Unix ms. */
  atMs: number;
  source: string;
  reason: string;
  /** Undefined: all. */
  categories: Category[] | undefined;
}

export const suppressedText = ({ atMs, source, categories, reason }: Suppressed): string =>
  [
    atMs,
    source,
    categories === undefined
      ? ALL
      : [...new Set(categories)]
          .map((one) => LETTERS[one])
          .sort()
          .join(''),
    reason.replaceAll('\n', ' '),
  ].join('|');

export function readSuppressed(text: string): Suppressed {
  const [at = '', source = '', letters = '', ...reason] = text.split('|');
  return {
    atMs: Number(at),
    source,
    reason: reason.join('|'),
    categories: letters === ALL ? undefined : CATEGORIES.filter((one) => letters.includes(LETTERS[one])),
  };
}

export const forbids = ({ categories }: Suppressed, category: Category): boolean =>
  categories === undefined || categories.includes(category);

export const suppressionId = (person: string): string => ID_PREFIX + person;

/** The person that an id names; undefined when it is no such id. */
export const personOfId = (id: string): string | undefined =>
  /^sup_[\w-]{16}$/.test(id) ? id.slice(ID_PREFIX.length) : undefined;

export const viewOf = (person: string, { atMs, source, reason, categories }: Suppressed): Suppression => ({
  id: suppressionId(person),
  reason,
  source,
  categories: categories ?? null,
  created_at: isoTime(atMs),
});
