// The OpenAPI document → the reference page: one file of HTML that loads nothing and needs no script.
import type { OpenApi } from './document.ts';

type Json = Record<string, unknown>;
interface Parameter extends Json {
  name: string;
  in: string;
  required: boolean;
  description?: string;
  schema: Json;
}
interface Operation extends Json {
  operationId: string;
  tags: [string];
  summary: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, Json> };
  responses: Record<string, Json>;
}

export function pageOf(document: OpenApi): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method,
      path,
      operation: operation as Operation,
    })),
  );
  const groups = document.tags.map(({ name }) => ({
    name,
    own: operations.filter(({ operation }) => operation.tags[0] === name),
  }));
  const links = groups.map(
    ({ name, own }) =>
      `<h3>${text(name)}</h3><ul>${own
        .map(
          ({ operation: { operationId, summary } }) =>
            `<li><a href="#${operationId}">${text(summary)}</a></li>`,
        )
        .join('')}</ul>`,
  );
  const parts = groups.map(
    ({ name, own }) => `<h2>${text(name)}</h2>${own.map((one) => operationHtml(document, one)).join('')}`,
  );
  const schemas = Object.entries(document.components.schemas).map(
    ([name, schema]) =>
      `<details id="schema-${text(name)}"><summary><code>${text(name)}</code></summary>${code(schema)}</details>`,
  );
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>Sluice API</title><style>${STYLE}</style></head><body>`,
    `<nav><h1>Sluice API</h1><p><a href="/openapi.json">openapi.json</a></p>${links.join('')}`,
    '<h3><a href="#schemas">Schemas</a></h3></nav>',
    `<main><p>${text(String(document.info.description))} ${AUTH}</p>${parts.join('')}`,
    `<h2 id="schemas">Schemas</h2>${schemas.join('')}</main></body></html>`,
  ].join('\n');
}

const AUTH =
  'Send your key as <code>Authorization: Bearer SECRET</code> or <code>x-api-key: SECRET</code>. ' +
  'Every error has the shape <a href="#schema-Problem"><code>Problem</code></a>.';

function operationHtml(
  document: OpenApi,
  { method, path, operation }: { method: string; path: string; operation: Operation },
): string {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  const bodies = Object.entries(requestBody?.content ?? {}).map(
    ([type, media]) => `<h4>Body <code>${text(type)}</code></h4>${mediaHtml(media)}`,
  );
  const answers = Object.entries(responses).map(([status, response]) =>
    answerHtml(document, status, response),
  );
  return `<section id="${operationId}">
<h3><span class="method">${method.toUpperCase()}</span> <code>${text(path)}</code></h3>
<p>${text(summary)}.</p>${paragraphs(description)}${parametersHtml(parameters)}${bodies.join('')}
<h4>Answers</h4>${answers.join('')}</section>`;
}

const paragraphs = (description = ''): string =>
  description
    .split('\n\n')
    .filter((one) => one !== '')
    .map((one) => `<p>${marked(one)}</p>`)
    .join('');

function parametersHtml(parameters: readonly Parameter[]): string {
  if (parameters.length === 0) return '';
  const rows = parameters.map(
    ({ name, in: where, required, description = '', schema }) =>
      `<tr><td><code>${text(name)}</code></td><td>${where}${required ? ', needed' : ''}</td>` +
      `<td><code>${text(typeText(schema))}</code> ${marked(description)}</td></tr>`,
  );
  return `<h4>Parameters</h4><table>${rows.join('')}</table>`;
}

/** A short name for a schema. */
function typeText({ type, enum: values, const: value, $ref, anyOf, format, pattern }: Json): string {
  if (typeof $ref === 'string') return $ref.replace(/^.*\//, '');
  if (Array.isArray(values)) return values.map(String).join(' | ');
  if (value !== undefined) return String(value);
  if (Array.isArray(anyOf)) return anyOf.map((one) => typeText(one as Json)).join(' | ');
  return `${String(type ?? 'any')}${format ? ` (${String(format)})` : ''}${pattern ? ` ${String(pattern)}` : ''}`;
}

function answerHtml(document: OpenApi, status: string, response: Json): string {
  const { $ref } = response;
  const name = typeof $ref === 'string' ? $ref.replace(/^.*\//, '') : undefined;
  const full = (name === undefined ? response : document.components.responses[name]) as Json & {
    description: string;
    content?: Record<string, Json>;
  };
  const title = `<b>${status}</b> ${marked(full.description)}`;
  if (name !== undefined) return `<p>${title}</p>`;
  const content = Object.entries(full.content ?? {}).map(
    ([type, media]) => `<p><code>${text(type)}</code></p>${mediaHtml(media)}`,
  );
  return content.length === 0
    ? `<p>${title}</p>`
    : `<details open><summary>${title}</summary>${content.join('')}</details>`;
}

function mediaHtml({ schema, example }: Json): string {
  const { $ref } = schema as { $ref?: string };
  const shape =
    $ref === undefined
      ? `<details><summary>schema</summary>${code(schema)}</details>`
      : `<p>Schema <a href="#schema-${$ref.replace(/^.*\//, '')}"><code>${text($ref.replace(/^.*\//, ''))}</code></a></p>`;
  return `${shape}${example === undefined ? '' : code(example)}`;
}

const code = (value: unknown): string =>
  `<pre>${text(typeof value === 'string' ? value : JSON.stringify(value, undefined, 2))}</pre>`;

const text = (raw: string): string =>
  raw.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const marked = (raw: string): string => text(raw).replace(/`([^`]*)`/g, '<code>$1</code>');

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; display: grid; grid-template-columns: 18rem minmax(0, 60rem); }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1rem; border-right: 1px solid var(--line); box-sizing: border-box; }
nav h1 { font-size: 1.2rem; } nav h3 { font-size: .9rem; margin: 1rem 0 0; } nav ul { list-style: none; padding: 0; margin: 0; font-size: .9rem; }
main { padding: 1rem 2rem; } section { border-top: 1px solid var(--line); padding: .5rem 0 1.5rem; }
a { color: inherit; } code, pre { font: 14px/1.4 ui-monospace, monospace; }
pre { background: var(--soft); padding: .75rem; overflow: auto; border-radius: 6px; max-height: 28rem; }
table { border-collapse: collapse; } td { border-top: 1px solid var(--line); padding: .3rem .8rem .3rem 0; vertical-align: top; overflow-wrap: anywhere; }
.method { font-weight: 700; } summary { cursor: pointer; } h4 { margin: 1rem 0 .3rem; }
@media (max-width: 800px) { body { display: block; } nav { position: static; height: auto; border: 0; } }
`;
