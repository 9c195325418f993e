// Reads the body of a send call the way Meta does: what is required, how long it may be, which code it answers.
// Unknown fields are ignored. The recipient becomes digits; whoever wrote it without `+` is counted, because Meta
// would then put the business number's country code in front (reference/meta-cloud-api.md §5.1).
import { type GraphError, graphError } from './graph-error.ts';

export interface Message {
  /** The recipient as written, and as digits. */
  to: string;
  waId: string;
  withPlus: boolean;
  /** `biz_opaque_callback_data`. */
  ref: string | undefined;
  template: TemplateUse | undefined;
}

export interface TemplateUse {
  name: string;
  language: string;
  bodyParams: number;
}

const MAX_TEXT_CHARS = 4096;
const MAX_REF_CHARS = 512;
const TYPES: ReadonlySet<string> = new Set([
  ...['text', 'template', 'image', 'audio', 'video', 'document', 'sticker'],
  ...['location', 'contacts', 'interactive', 'reaction'],
]);
const RECIPIENT = /^\+?[0-9 ()-]+$/;
const DIGITS = /^[1-9][0-9]{4,14}$/;

type Fields = Record<string, unknown>;

/** The message, or the error that Meta would answer. Tell them apart by `'code' in result`. */
export function parseMessage(raw: string): Message | GraphError {
  const body = parseObject(raw);
  if (body === undefined) return graphError(100, { details: 'The request body is not a JSON object.' });
  if (body.messaging_product !== 'whatsapp') return required100('messaging_product');
  const to = body.to;
  if (to === undefined || to === '') return missing('to');
  if (typeof to !== 'string') return invalid('to');
  const waId = waIdOf(to);
  if (waId === undefined) return invalid('to');
  const ref = body.biz_opaque_callback_data;
  if (ref !== undefined && typeof ref !== 'string') return invalid('biz_opaque_callback_data');
  if (ref !== undefined && ref.length > MAX_REF_CHARS)
    return tooLong('biz_opaque_callback_data', MAX_REF_CHARS);
  const content = parseContent(body);
  if ('code' in content) return content;
  return { to, waId, withPlus: to.startsWith('+'), ref, template: content.template };
}

function parseContent(body: Fields): { template: TemplateUse | undefined } | GraphError {
  const type = body.type;
  if (type === undefined) return missing('type');
  if (typeof type !== 'string' || !TYPES.has(type)) return unknownType();
  const content = body[type];
  if (content === undefined) return missing(type);
  if (type === 'contacts') return Array.isArray(content) ? { template: undefined } : invalid(type);
  if (!isObject(content)) return invalid(type);
  if (type === 'text') return checkText(content) ?? { template: undefined };
  if (type === 'template') return parseTemplate(content);
  return { template: undefined };
}

function checkText(text: Fields): GraphError | undefined {
  if (text.body === undefined || text.body === '') return missing("text['body']");
  if (typeof text.body !== 'string') return invalid("text['body']");
  return text.body.length > MAX_TEXT_CHARS ? tooLong("text['body']", MAX_TEXT_CHARS) : undefined;
}

function parseTemplate(template: Fields): { template: TemplateUse } | GraphError {
  if (template.name === undefined) return missing("template['name']");
  if (typeof template.name !== 'string' || template.name === '') return invalid("template['name']");
  if (!isObject(template.language)) return missing("template['language']");
  const language = template.language.code;
  if (typeof language !== 'string' || language === '') return missing("template['language']['code']");
  const components = template.components ?? [];
  if (!Array.isArray(components)) return invalid("template['components']");
  let bodyParams = 0;
  for (const component of components) {
    if (!isObject(component) || typeof component.type !== 'string') return invalid("template['components']");
    const parameters = component.parameters ?? [];
    if (!Array.isArray(parameters)) return invalid("template['components']['parameters']");
    if (component.type.toLowerCase() === 'body') bodyParams += parameters.length;
  }
  return { template: { name: template.name, language, bodyParams } };
}

function waIdOf(to: string): string | undefined {
  if (!RECIPIENT.test(to)) return undefined;
  const digits = to.replace(/[^0-9]/g, '');
  return DIGITS.test(digits) ? digits : undefined;
}

function parseObject(raw: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(raw);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const missing = (name: string) => graphError(131008, { details: `Parameter '${name}' is missing.` });
const invalid = (name: string) => graphError(131009, { details: `Parameter '${name}' is not valid.` });
const required100 = (name: string) =>
  graphError(100, { message: `(#100) The parameter ${name} is required.` });
const tooLong = (name: string, chars: number) =>
  graphError(100, { message: `(#100) Param ${name} must be at most ${chars} characters long.` });
const unknownType = () =>
  graphError(100, { message: `(#100) Param type must be one of {${[...TYPES].join(', ').toUpperCase()}}` });
