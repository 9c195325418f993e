// Values of JSON whose shape nobody vouches for: each is what was asked for, or nothing.
export type Fields = Record<string, unknown>;

export const objectOf = (value: unknown): Fields | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;

export const itemsOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Empty is nothing. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
