// What can be known of a message before it is sent: its shape, its length, and whether every placeholder has a variable.
import type { Content, Variables } from '../../contract/record.ts';
import type { ContentProblem } from '../port.ts';
import { filledText, placeholdersOf, variableOf } from './payload.ts';

/** Meta counts characters; UTF-16 units are never fewer. */
const MAX_TEXT = 4_096;
const NONE: string[] = [];

/** Names of the placeholders without a variable. How many variables a template's own body wants only Meta knows. */
export function missingVariables(content: Content, variables: Variables | undefined): string[] {
  const names = placeholdersOf(content);
  return names.length === 0 ? NONE : names.filter((name) => variableOf(variables, name) === undefined);
}

export function check(content: Content, variables: Variables | undefined): ContentProblem | undefined {
  const { text, template } = content;
  if ((text === undefined) === (template === undefined))
    return invalid('a message needs either a template or a text');
  if (template && (template.name === '' || template.language === ''))
    return invalid('a template needs a name and a language');
  // Nothing to fill in: only Meta knows how many variables the template's body wants.
  if (template && placeholdersOf(content).length === 0) return undefined;
  if (variables !== undefined && !Object.values(variables).every(isText))
    return invalid('variables must be strings');
  const missing = missingVariables(content, variables);
  if (missing.length > 0)
    return {
      code: 'variables_missing',
      message: `no variable for ${missing.map((name) => `{{${name}}}`).join(', ')}`,
    };
  if (!text) return undefined;
  const length = filledLength(content, text.body, variables);
  if (length === 0) return invalid('the text is empty');
  return length > MAX_TEXT
    ? invalid(`the text has ${length} characters, at most ${MAX_TEXT} may go`)
    : undefined;
}

const filledLength = (content: Content, body: string, variables: Variables | undefined): number =>
  placeholdersOf(content).length === 0 ? body.length : filledText(body, variables).length;

const isText = (value: unknown): boolean => typeof value === 'string';

const invalid = (message: string): ContentProblem => ({ code: 'invalid_content', message });
