// The body of Meta's send call (reference §5.1). What all recipients of a content share is built once; per recipient strings are spliced in.
// `{{1}}` and `{{name}}` are filled from the variables wherever they stand in a text's body or in the given components. A template's body
// parameters are the variables in their order, unless the components bring a body with parameters of its own.
import type { Content, Variables } from '../../contract/record.ts';
import type { Attempt } from '../port.ts';

/** JSON text with holes: literals[0] holes[0] literals[1] … literals[n]. */
interface Shape {
  literals: string[];
  holes: Hole[];
}

/** The name of a variable, or the place of the body component with what surrounds it when there is one. */
type Hole = string | { before: string; behind: string };

const PLACEHOLDER = /\{\{\s*([A-Za-z0-9_]{1,64})\s*\}\}/g;
const OPEN = '{"messaging_product":"whatsapp","recipient_type":"individual","to":';

/** Contents are never changed once built, so identity is enough, and what nobody holds falls out by itself. */
const shapes = new WeakMap<Content, Shape>();
const placeholders = new WeakMap<Content, readonly string[]>();

/** The request body as JSON. A variable that is missing becomes empty: `missingVariables` has said so long before. */
export function payload({ to, content, variables, attemptId }: Attempt): string {
  let shape = shapes.get(content);
  if (!shape) {
    shape = shapeOf(content);
    shapes.set(content, shape);
  }
  let text = `${OPEN}${JSON.stringify(to.startsWith('+') ? to : `+${to}`)}${shape.literals[0]}`;
  for (let i = 0; i < shape.holes.length; i++) {
    const hole = shape.holes[i] as Hole;
    text +=
      typeof hole === 'string' ? inner(variableOf(variables, hole) ?? '') : bodyComponent(hole, variables);
    text += shape.literals[i + 1];
  }
  return `${text},"biz_opaque_callback_data":${JSON.stringify(attemptId)}}`;
}

/** The placeholders of a text, each once. */
export const placeholdersIn = (text: string): string[] => [
  ...new Set([...text.matchAll(PLACEHOLDER)].map((match) => match[1] ?? '')),
];

/** Every placeholder of the content, each once. */
export function placeholdersOf(content: Content): readonly string[] {
  let names = placeholders.get(content);
  if (!names) {
    const text = content.text ? content.text.body : JSON.stringify(content.template?.components ?? []);
    names = placeholdersIn(text);
    placeholders.set(content, names);
  }
  return names;
}

/** A text's body with its variables in place. */
export const filledText = (body: string, variables: Variables | undefined): string =>
  body.replace(PLACEHOLDER, (_all, name: string) => variableOf(variables, name) ?? '');

/** `{{1}}` is the first of a list; a name is a key of its own. */
export function variableOf(variables: Variables | undefined, name: string): string | undefined {
  if (variables === undefined) return undefined;
  if (Array.isArray(variables)) return /^[1-9]\d{0,5}$/.test(name) ? variables[Number(name) - 1] : undefined;
  return Object.hasOwn(variables, name) ? variables[name] : undefined;
}

function shapeOf(content: Content): Shape {
  if (content.text) {
    const { body, preview_url = false } = content.text;
    return cut(`,"type":"text","text":${JSON.stringify({ preview_url, body })}`);
  }
  const { name, language, components = [] } = content.template ?? { name: '', language: '' };
  const open = `,"type":"template","template":{"name":${JSON.stringify(name)},"language":{"code":${JSON.stringify(language)}}`;
  if (components.some(isFilledBody))
    return join(literal(open), cut(`,"components":${JSON.stringify(components)}}`));
  const others = components.filter((one) => typeOf(one) !== 'body');
  if (others.length === 0) return join(literal(open), hole(',"components":[', ']'), literal('}'));
  // Header, body, buttons: the order of Meta's own samples.
  const headers = list(others.filter((one) => typeOf(one) === 'header'));
  const rest = list(others.filter((one) => typeOf(one) !== 'header'));
  const start = join(literal(`${open},"components":[`), cut(headers));
  if (headers === '') return join(start, hole('', ','), cut(rest), literal(']}'));
  return join(start, hole(',', ''), cut(rest === '' ? '' : `,${rest}`), literal(']}'));
}

const list = (components: readonly Record<string, unknown>[]): string =>
  components.map((one) => JSON.stringify(one)).join(',');

const typeOf = (component: Record<string, unknown>): string => String(component.type).toLowerCase();

const isFilledBody = (component: Record<string, unknown>): boolean =>
  typeOf(component) === 'body' && Array.isArray(component.parameters) && component.parameters.length > 0;

/** Cuts JSON at its placeholders. They stand in strings only: `{{` is nowhere else in JSON. */
function cut(json: string): Shape {
  const parts = json.split(PLACEHOLDER);
  return {
    literals: parts.filter((_part, i) => i % 2 === 0),
    holes: parts.filter((_part, i) => i % 2 === 1),
  };
}

const literal = (json: string): Shape => ({ literals: [json], holes: [] });
const hole = (before: string, behind: string): Shape => ({ literals: ['', ''], holes: [{ before, behind }] });

const join = (...parts: Shape[]): Shape =>
  parts.reduce((all, part) => ({
    literals: [
      ...all.literals.slice(0, -1),
      `${all.literals.at(-1)}${part.literals[0]}`,
      ...part.literals.slice(1),
    ],
    holes: [...all.holes, ...part.holes],
  }));

/** Positional from a list, named from an object; nothing at all without variables. */
function bodyComponent({ before, behind }: Exclude<Hole, string>, variables: Variables | undefined): string {
  let parameters = '';
  if (Array.isArray(variables)) {
    for (const text of variables)
      parameters += `${parameters === '' ? '' : ','}{"type":"text","text":${JSON.stringify(text)}}`;
  } else if (variables !== undefined) {
    for (const name of Object.keys(variables)) {
      const named = `{"type":"text","parameter_name":${JSON.stringify(name)},"text":${JSON.stringify(variables[name])}}`;
      parameters += `${parameters === '' ? '' : ','}${named}`;
    }
  }
  return parameters === '' ? '' : `${before}{"type":"body","parameters":[${parameters}]}${behind}`;
}

/** A string as it stands between the quotes of a JSON string. */
const inner = (text: string): string => JSON.stringify(text).slice(1, -1);
