// The OpenAPI document → the types of the client: one type per named schema, one entry per operation.
import type { OpenApi } from './document.ts';

type Json = Record<string, unknown>;

const HEAD = `// Written by \`npm run openapi\` from the API's description. Changes here are lost.
`;

export function clientTypesOf(document: OpenApi): string {
  const schemas = Object.entries(document.components.schemas).map(
    ([name, schema]) => `export type ${name} = ${typeOf(schema as Json)};\n`,
  );
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const calls = operations.map(
    ({ operation }) =>
      `  /** ${String(operation.summary)}. */\n  ${String(operation.operationId)}: ${callOf(operation)};`,
  );
  const routes = operations.map(
    ({ path, method, operation }) => `  ${String(operation.operationId)}: '${method.toUpperCase()} ${path}',`,
  );
  return [
    HEAD,
    ...schemas,
    `/** What each operation takes and answers. */\nexport interface Calls {\n${calls.join('\n')}\n}\n`,
    `export const ROUTES = {\n${routes.join('\n')}\n} as const;\n`,
  ].join('\n');
}

function callOf({ parameters = [], requestBody, responses }: Json): string {
  const all = parameters as { name: string; in: string; required: boolean; schema: Json }[];
  const group = (where: string): string => {
    const own = all.filter((one) => one.in === where);
    const fields = own.map(
      ({ name, required, schema }) => `${keyOf(name)}${required ? '' : '?'}: ${typeOf(schema)}`,
    );
    return `{ ${fields.join('; ')} }`;
  };
  const has = (where: string) => all.some((one) => one.in === where);
  const needed = (where: string) => all.some((one) => one.in === where && one.required);
  const fields = [
    has('path') && `params: ${group('path')}`,
    has('query') && `query${needed('query') ? '' : '?'}: ${group('query')}`,
    has('header') && `headers?: ${group('header')}`,
    requestBody && bodyOf(requestBody as Json),
    `answer: ${answerOf(responses as Record<string, Json>)}`,
  ];
  return `{ ${fields.filter(Boolean).join('; ')} }`;
}

/** A body of JSON by its schema; of another type as the bytes that it is. */
function bodyOf({ content, required }: Json): string {
  const media = content as Record<string, { schema: Json }>;
  const json = media['application/json'];
  return `body${required ? '' : '?'}: ${json ? typeOf(json.schema) : `NonNullable<RequestInit['body']>`}`;
}

/** The first good answer with a body of JSON; what is no JSON is given as the response itself. */
function answerOf(responses: Record<string, Json>): string {
  const good = Object.entries(responses).filter(([status]) => status.startsWith('2'));
  const contents = good.flatMap(([, { content }]) => Object.entries((content ?? {}) as Record<string, Json>));
  const json = contents.find(([type]) => type === 'application/json');
  return json ? typeOf(json[1].schema as Json) : 'Response';
}

function typeOf(schema: Json): string {
  const { $ref, anyOf, oneOf, allOf, enum: values, const: value, type } = schema;
  if (typeof $ref === 'string') return $ref.replace(/^.*\//, '');
  if (Array.isArray(values)) return values.map((one) => JSON.stringify(one)).join(' | ');
  if (value !== undefined) return JSON.stringify(value);
  if (Array.isArray(anyOf ?? oneOf)) return union((anyOf ?? oneOf) as Json[], ' | ');
  if (Array.isArray(allOf)) return union(allOf as Json[], ' & ');
  if (Array.isArray(type)) return type.map((one) => typeOf({ ...schema, type: one })).join(' | ');
  return typeOfKind(schema);
}

const union = (parts: Json[], sign: string): string =>
  [...new Set(parts.map((one) => typeOf(one)))]
    .map((one) => (one.includes(' ') ? `(${one})` : one))
    .join(sign);

function typeOfKind(schema: Json): string {
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type;
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return `${union([(schema.items ?? {}) as Json], '')}[]`;
    case 'object':
      return objectOf(schema);
    default:
      return 'unknown';
  }
}

function objectOf({ properties, required = [], additionalProperties }: Json): string {
  const needed = new Set(required as string[]);
  const fields = Object.entries((properties ?? {}) as Record<string, Json>).map(
    ([name, schema]) => `${keyOf(name)}${needed.has(name) ? '' : '?'}: ${typeOf(schema)}`,
  );
  if (fields.length > 0) return `{ ${fields.join('; ')} }`;
  if (typeof additionalProperties === 'object')
    return `Record<string, ${typeOf(additionalProperties as Json)}>`;
  return 'Record<string, never>';
}

const keyOf = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name));
