// Which of a route's types a client gets. Only what it rules out is refused: no header, or anything with a wildcard, is fine.
import type { FastifyRequest } from 'fastify';
import { refused } from '../base/failure.ts';

/** The type that the client likes best, the route's first among equals. Throws `not_acceptable`. */
function chosenType(header: string | undefined, offered: readonly string[]): string {
  const [first = 'application/json'] = offered;
  if (header === undefined || header.trim() === '') return first;
  const wanted = header.split(',').map(readWish);
  const best = offered
    .map((type) => ({ type, quality: qualityOf(type, wanted) }))
    .reduce((a, b) => (b.quality > a.quality ? b : a));
  if (best.quality > 0) return best.type;
  throw refused(
    'not_acceptable',
    `The answer is ${offered.join(' or ')}, which the accept header rules out.`,
  );
}

/** The type that this route's answer has. */
export const answerTypeOf = (request: FastifyRequest): string =>
  chosenType(request.headers.accept, offeredBy(request));

/** The types of a route's answers. */
const offeredBy = ({ routeOptions }: FastifyRequest): readonly string[] =>
  [routeOptions.config.accepts ?? 'application/json'].flat();

interface Wish {
  type: string;
  quality: number;
}

function readWish(part: string): Wish {
  const [type = '', ...rest] = part.split(';').map((piece) => piece.trim().toLowerCase());
  const weight = rest
    .map((piece) => /^q=(\d(?:\.\d{0,3})?)$/.exec(piece)?.[1])
    .find((one) => one !== undefined);
  return { type, quality: weight === undefined ? 1 : Number(weight) };
}

/** By the most exact of the wishes that fit; 0: ruled out. */
function qualityOf(type: string, wanted: readonly Wish[]): number {
  for (const pattern of [type, type.replace(/[^/]*$/, '*'), '*/*']) {
    const fitting = wanted.filter((wish) => wish.type === pattern);
    if (fitting.length > 0) return Math.max(...fitting.map(({ quality }) => quality));
  }
  return 0;
}
