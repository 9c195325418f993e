// People whom the platform calls by another number than they were written to: digits → digits.
import { type Check, InputError } from './input.ts';

const DIGITS = /^[1-9][0-9]{4,14}$/;
const MAX_PEOPLE = 10_000;

export const waIds: Check<Readonly<Record<string, string>>> = (value, path) => {
  const pairs = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (pairs.length === 0 || pairs.length > MAX_PEOPLE)
    throw new InputError(path, `must be an object of 1 to ${MAX_PEOPLE} numbers`);
  for (const [written, waId] of pairs)
    if (!DIGITS.test(written) || typeof waId !== 'string' || !DIGITS.test(waId))
      throw new InputError(`${path}.${written.slice(0, 15)}`, 'must be digits, and name digits');
  return Object.fromEntries(pairs);
};
