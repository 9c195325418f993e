// Operations → the OpenAPI 3.1 document. Pure: the same operations give the same document.
import { z } from 'zod';
import { contactInputSchema } from '../../contract/contact.ts';
import { PROBLEM_STATUS, type ProblemCode, problemSchema } from '../../contract/problem.ts';
import { messageSchema } from '../../contract/request.ts';
import type { Answer, Header, Media, Operation, Operations } from './operation.ts';

/** Of the API, not of the software: it changes when a client has to. */
const API_VERSION = '1.0';
const REF = '#/components/schemas/';

type Json = Record<string, unknown>;

export interface OpenApi {
  openapi: '3.1.0';
  info: Json;
  tags: { name: string }[];
  paths: Record<string, Record<string, Json>>;
  components: { schemas: Json; responses: Json; headers: Json; securitySchemes: Json };
}

/** Throws when two different schemas have one name, or two operations one id. */
export function documentOf(operations: Operations): OpenApi {
  const parts: Parts = { schemas: {}, responses: {} };
  convert(problemSchema, 'output', parts);
  // The list of messages is checked by hand, and names this schema by hand too.
  convert(messageSchema, 'input', parts);
  convert(contactInputSchema, 'input', parts);
  const paths: OpenApi['paths'] = {};
  const ids = new Set<string>();
  for (const [route, operation] of Object.entries(operations)) {
    if (ids.has(operation.id)) throw new Error(`two operations are called ${operation.id}`);
    ids.add(operation.id);
    const [method = '', path = ''] = route.split(' ');
    const at = path.replace(/:(\w+)/g, '{$1}');
    paths[at] = { ...paths[at], [method.toLowerCase()]: operationOf(path, operation, parts) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice',
      version: API_VERSION,
      description:
        'Takes bulk jobs and lets each message go to the platform exactly when every limit allows it.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    tags: [...new Set(Object.values(operations).map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: sorted(parts.schemas),
      responses: sorted(parts.responses),
      headers: HEADERS,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
    },
  };
}

/** What is no scope of a key. */
const SCOPE_NOTES = { any: 'Any API key.', admin: "The operator's key, `SLUICE_ADMIN_KEY`." };

interface Parts {
  schemas: Json;
  responses: Json;
}

const sorted = (record: Json): Json =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

function operationOf(path: string, operation: Operation, parts: Parts): Json {
  const { id, tag, summary, description, scope, body, answers } = operation;
  const said = [
    description,
    (scope && SCOPE_NOTES[scope as keyof typeof SCOPE_NOTES]) ?? (scope && `Scope: \`${scope}\`.`),
  ]
    .filter(Boolean)
    .join('\n\n');
  const responses = Object.fromEntries([
    ...problemsOf(path, operation).map(([status, codes]) => [status, problemRef(codes, parts)] as const),
    ...Object.entries(answers).map(
      ([status, answer]) =>
        [status, answerOf(answer, scope !== undefined && scope !== 'admin', parts)] as const,
    ),
  ]);
  const parameters = parametersOf(path, operation, parts);
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(said !== '' && { description: said }),
    ...(scope === undefined ? { security: [] } : { security: [{ bearer: [] }, { key: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: { required: body.optional !== true, content: contentOf(body.content, 'input', parts) },
    }),
    responses,
  };
}

function parametersOf(path: string, { params, query, headers = {} }: Operation, parts: Parts): Json[] {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  const { properties = {}, required = [] } = (query ? convert(query, 'input', parts) : {}) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return [
    ...names.map((name) => ({
      name,
      in: 'path',
      required: true,
      ...(params?.[name] && { description: params[name] }),
      schema: { type: 'string', minLength: 1 },
    })),
    ...Object.entries(properties).map(([name, { description, ...schema }]) => ({
      name,
      in: 'query',
      required: required.includes(name),
      ...(description !== undefined && { description }),
      schema,
    })),
    ...Object.entries(headers).map(([name, header]) => ({ name, in: 'header', required: false, ...header })),
  ];
}

/** [status, codes], without those that the operation answers in its own way. */
function problemsOf(path: string, operation: Operation): [string, ProblemCode[]][] {
  const { scope, body, answers, problems = [] } = operation;
  const codes: ProblemCode[] = [
    'invalid_request',
    ...(scope === undefined ? [] : (['unauthorized', 'forbidden', 'not_acceptable'] as const)),
    ...(scope === undefined || scope === 'admin' ? [] : (['rate_limit_exceeded'] as const)),
    ...(path.includes(':') ? (['not_found'] as const) : []),
    ...(body ? (['payload_too_large', 'unsupported_media_type'] as const) : []),
    ...problems,
    'internal',
    'unavailable',
  ];
  const byStatus = new Map<string, Set<ProblemCode>>();
  for (const code of codes) {
    const status = String(PROBLEM_STATUS[code]);
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code));
  }
  return [...byStatus]
    .filter(([status]) => answers[Number(status)] === undefined)
    .map(([status, found]) => [status, [...found].sort()]);
}

const COMES_BACK: ReadonlySet<ProblemCode> = new Set([
  'idempotency_in_progress',
  'rate_limit_exceeded',
  'backlog_full',
  'unavailable',
]);

function problemRef(codes: readonly ProblemCode[], { responses }: Parts): Json {
  const name = codes.join('_or_');
  const later = codes.some((code) => COMES_BACK.has(code));
  responses[name] ??= {
    description: codes.map((code) => `\`${code}\``).join(' or '),
    headers: { ...headerRefs(later ? ['x-request-id', 'retry-after'] : ['x-request-id']) },
    content: {
      'application/json': {
        schema: { $ref: `${REF}Problem` },
        examples: Object.fromEntries(codes.map((code) => [code, { value: problemExample(code) }])),
      },
    },
  };
  return { $ref: `#/components/responses/${name}` };
}

const problemExample = (code: ProblemCode) => ({
  error: {
    code,
    message: 'What went wrong, in a sentence.',
    request_id: 'req_0123456789abcdef01234567',
    ...(COMES_BACK.has(code) && { retry_after: 2 }),
    ...(code === 'invalid_request' && {
      details: [{ path: 'messages[3].to', code: 'invalid_recipient', message: 'must be a phone number' }],
    }),
  },
});

const HEADERS = {
  'x-request-id': { description: 'Names this request in the log.', schema: { type: 'string' } },
  'retry-after': { description: 'Seconds, rounded up.', schema: { type: 'integer' } },
  'x-ratelimit-limit': { description: 'Of the limit nearest to its cap.', schema: { type: 'integer' } },
  'x-ratelimit-remaining': { description: 'Requests left.', schema: { type: 'integer' } },
  'x-ratelimit-reset': {
    description: 'When its next place comes free: unix seconds, or as the plan says.',
    schema: { type: 'integer' },
  },
  ratelimit: { description: 'The same by the IETF draft.', schema: { type: 'string' } },
  'ratelimit-policy': { description: 'All windows by the IETF draft.', schema: { type: 'string' } },
};
const ALWAYS = ['x-request-id'] as const;
const WITH_KEY = Object.keys(HEADERS).filter((name) => name !== 'retry-after');

const headerRefs = (names: readonly string[]): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

function answerOf({ description, content, headers = {}, links }: Answer, keyed: boolean, parts: Parts): Json {
  const own: Readonly<Record<string, Header>> = headers;
  return {
    description,
    headers: { ...headerRefs(keyed ? WITH_KEY : ALWAYS), ...own },
    ...(content && { content: contentOf(content, 'output', parts) }),
    ...(links && {
      links: Object.fromEntries(
        Object.entries(links).map(([operationId, parameters]) => [operationId, { operationId, parameters }]),
      ),
    }),
  };
}

const contentOf = (content: Readonly<Record<string, Media>>, io: 'input' | 'output', parts: Parts): Json =>
  Object.fromEntries(
    Object.entries(content).map(([type, { schema, example }]) => [
      type,
      { schema: convert(schema, io, parts), ...(example !== undefined && { example }) },
    ]),
  );

/** A zod schema as JSON Schema 2020-12; named parts of it go to the components. */
function convert(schema: z.ZodType, io: 'input' | 'output', { schemas }: Parts): Json {
  const made = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    // The pattern of a timestamp says in 300 characters what its format says.
    override: ({ jsonSchema }) => {
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
    },
  });
  const {
    $schema: _dialect,
    $defs = {},
    ...rest
  } = JSON.parse(JSON.stringify(made).replaceAll('"#/$defs/', `"${REF}`)) as Json & { $defs?: Json };
  for (const [name, part] of Object.entries($defs)) {
    if (name in schemas && JSON.stringify(schemas[name]) !== JSON.stringify(part))
      throw new Error(`two different schemas are called ${name}`);
    schemas[name] = part;
  }
  return rest;
}
