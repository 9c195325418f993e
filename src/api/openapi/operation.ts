// How to add a route to the API's description: every route of the API has an `Operation`, in the file of its group here (jobs.ts, senders.ts, …; a new
// group is added to operations.ts), under "METHOD /path" exactly as it is registered with Fastify. `npm run openapi` then writes openapi.json
// and the client of src/client anew. test/api/openapi fails on a route without an operation, an operation without a route, a scope that differs,
// an example that breaks its schema, and on committed files that are not what they would be.
//
// Say only what is special: the problems that follow from a scope, a path parameter, a query or a body are added by document.ts, and so are the
// headers that every answer has. Shapes of answers stand in src/contract with `.meta({ id })`: those become named schemas and named types.
import type { z } from 'zod';
import type { RouteScope } from '../../contract/account.ts';
import type { ProblemCode } from '../../contract/problem.ts';

export interface Header {
  description: string;
  schema: object;
}

/** A body of one media type. An example is checked against its schema. */
export interface Media {
  schema: z.ZodType;
  example?: unknown;
}

export interface Answer {
  description: string;
  /** By media type; none: no body. */
  content?: Readonly<Record<string, Media>>;
  headers?: Readonly<Record<string, Header>>;
  /** Operations that go on from here, by id: where their parameters stand in this answer. */
  links?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface Operation {
  /** Unique; the name of the client's method. */
  id: string;
  /** The heading it stands under. */
  tag: string;
  /** One sentence without its full stop. */
  summary: string;
  description?: string;
  /** As the route's own `config.scope`; none: open to everybody. */
  scope?: RouteScope;
  /** Of the path's parameters, where there is more to say than that they are ids. */
  params?: Readonly<Record<string, string>>;
  /** A strict object; read as it comes in. */
  query?: z.ZodType;
  /** Request headers by name. */
  headers?: Readonly<Record<string, Header>>;
  body?: { optional?: true; content: Readonly<Record<string, Media>> };
  /** The good answers by status. */
  answers: Readonly<Record<number, Answer>>;
  /** Problems beside those that follow from the rest. */
  problems?: readonly ProblemCode[];
}

/** By "METHOD /path", as the route is registered. */
export type Operations = Readonly<Record<string, Operation>>;

const JSON_TYPE = 'application/json';

export const json = (schema: z.ZodType, example?: unknown): Readonly<Record<string, Media>> => ({
  [JSON_TYPE]: { schema, ...(example !== undefined && { example }) },
});

export const ok = (description: string, schema: z.ZodType, example?: unknown): Answer => ({
  description,
  content: json(schema, example),
});

/** A 200 or 304 of a route that answers with `tagged`. */
export const withTag = (answer: Answer): Answer => ({
  ...answer,
  headers: { ...answer.headers, etag: { description: 'Names this state.', schema: { type: 'string' } } },
});

export const IF_MATCH: Readonly<Record<string, Header>> = {
  'if-match': {
    description: 'The etag of the state that the change is meant for; of another one it is refused.',
    schema: { type: 'string' },
  },
};
export const IF_NONE_MATCH: Readonly<Record<string, Header>> = {
  'if-none-match': { description: 'The etag of the state that you have.', schema: { type: 'string' } },
};
export const NOT_MODIFIED = withTag({ description: 'It is as you know it.' });
