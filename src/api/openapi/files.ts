// What is committed of the description: the document, and the types of the client.
import { clientTypesOf } from './client-types.ts';
import { documentOf } from './document.ts';
import { OPERATIONS } from './operations.ts';

/** By path from the project's folder. */
export function generatedFiles(): Record<string, string> {
  const document = documentOf(OPERATIONS);
  return {
    'openapi.json': `${JSON.stringify(document, undefined, 2)}\n`,
    'src/client/calls.generated.ts': clientTypesOf(document),
  };
}
