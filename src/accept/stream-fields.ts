// The query of an upload → the fields of a bulk request: "template.name" becomes `template: { name }`.
import { refused } from '../base/failure.ts';
import type { StreamQuery } from '../contract/stream.ts';

/** As JSON in the query. */
const JSON_FIELDS = new Set(['metadata', 'template.components']);
const FLAGS = new Set(['text.preview_url']);

/** Throws `invalid_request` for what is no JSON. */
export function fieldsOf(query: StreamQuery): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [path, text] of Object.entries(query)) {
    if (text === undefined || path.startsWith('columns.')) continue;
    const [name = '', part] = path.split('.');
    const value = readField(path, text);
    fields[name] = part === undefined ? value : { ...(fields[name] as object | undefined), [part]: value };
  }
  return fields;
}

function readField(path: string, text: string): unknown {
  if (FLAGS.has(path)) return text === 'true';
  if (!JSON_FIELDS.has(path)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw refused('invalid_request', `The query is not valid: ${path} must be JSON`, [
      { path, code: 'invalid_json', message: 'must be JSON' },
    ]);
  }
}
