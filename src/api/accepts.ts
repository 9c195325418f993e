// Whether a client takes what a route answers. Only what it rules out is refused: no header, or anything with a wildcard, is fine.
import { refused } from '../base/failure.ts';

/** Throws `not_acceptable`. `type`: of the answer. */
export function checkAccepts(header: string | undefined, answer: string): void {
  const fine = new Set(['*/*', answer.replace(/[^/]*$/, '*'), answer]);
  if (header === undefined || header.trim() === '') return;
  const wanted = header.split(',').map((part) => part.split(';').map((piece) => piece.trim().toLowerCase()));
  const taken = wanted.some(
    ([type = '', ...rest]) => fine.has(type) && !rest.some((piece) => /^q=0(\.0*)?$/.test(piece)),
  );
  if (!taken) throw refused('not_acceptable', `The answer is ${answer}, which the accept header rules out.`);
}
