// Whether a client takes JSON. Only what it rules out is refused: no header, or anything with a wildcard, is fine.
import { refused } from '../base/failure.ts';

const FINE = new Set(['*/*', 'application/*', 'application/json']);

/** Throws `not_acceptable`. */
export function checkAcceptsJson(header: string | undefined): void {
  if (header === undefined || header.trim() === '') return;
  const wanted = header.split(',').map((part) => part.split(';').map((piece) => piece.trim().toLowerCase()));
  const taken = wanted.some(
    ([type = '', ...rest]) => FINE.has(type) && !rest.some((piece) => /^q=0(\.0*)?$/.test(piece)),
  );
  if (!taken)
    throw refused('not_acceptable', 'The answer is application/json, which the accept header rules out.');
}
