// `/v{N}.{M}/{account}/message_templates`: POST makes a template, GET lists them (reference/meta-cloud-api.md §3). Who posts is judged by
// 100 in any rolling hour, at the stamp of the request's head; accepted or not, all are counted.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AccountBook, TemplateRow } from '../ledger/accounts.ts';
import { answer, destroy, readBody } from '../wire.ts';
import type { World } from '../world.ts';
import { envelope, type GraphError, graphError, tokenError } from './graph-error.ts';
import { admit, hasToken } from './management.ts';

export const TEMPLATES_PATH = /^\/v\d+\.\d+\/([A-Za-z0-9_.-]{1,64})\/message_templates(?:\?|$)/;
const MAX_BODY_BYTES = 1_048_576;
/** Of a name and language that the account has already. */
const EXISTS = 2_388_024;
const MAX_PAGE = 100;

interface Reply {
  status: number;
  /** Undefined: the connection is cut. */
  body: string | undefined;
}

export function receiveTemplates(
  world: World,
  id: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const atUs = world.clock.nowUs();
  const book = world.openAccount(id);
  readBody(request, MAX_BODY_BYTES, (raw) => {
    if (raw === undefined) return destroy(response);
    const reply = decide(world, book, request, raw, atUs);
    if (reply.body === undefined) destroy(response);
    else answer(response, reply.status, reply.body);
  });
}

function decide(world: World, book: AccountBook, request: IncomingMessage, raw: string, atUs: number): Reply {
  if (!hasToken(request)) return refusal(tokenError());
  const url = new URL(request.url ?? '/', 'http://sandbox');
  if (request.method === 'GET') return { status: 200, body: JSON.stringify(page(book, url.searchParams)) };
  return create(world, book, raw, atUs);
}

function create(world: World, book: AccountBook, raw: string, atUs: number): Reply {
  const refused = admit(world, book, book.submissions.admits(atUs));
  if (refused) return refused === 'cut' ? CUT : refusal(refused);
  const template = read(raw);
  if (!template) return refusal(graphError(100, { details: 'name, language, category and components' }));
  if (book.find(template)) return refusal(graphError(100, { subcode: EXISTS, details: 'exists already' }));
  const made = book.add(template, world.nextSerial());
  const { kind } = world.faults.after(book.id);
  if (kind === 'drop_after') return CUT;
  const { id, status, category } = made;
  return { status: 200, body: JSON.stringify({ id, status, category }) };
}

const CUT: Reply = { status: 0, body: undefined };
const refusal = (error: GraphError): Reply => ({ status: error.status, body: envelope(error) });

function read(raw: string): Omit<TemplateRow, 'id' | 'status'> | undefined {
  try {
    const { name, language, category, components } = JSON.parse(raw) as Record<string, unknown>;
    const texts = [name, language, category].every((one) => typeof one === 'string' && one !== '');
    if (!texts || !Array.isArray(components) || components.length === 0) return undefined;
    return { name: String(name), language: String(language), category: String(category), components };
  } catch {
    return undefined;
  }
}

function page(book: AccountBook, query: URLSearchParams): object {
  const name = query.get('name');
  const all = book.templates().filter((one) => name === null || one.name === name);
  const from = Number(query.get('after') ?? 0);
  const limit = Math.min(MAX_PAGE, Number(query.get('limit') ?? 25));
  const end = from + limit;
  const next = end < all.length ? { next: `http://sandbox/?after=${end}` } : {};
  return {
    data: all.slice(from, end),
    paging: { cursors: { before: String(from), after: String(end) }, ...next },
  };
}
