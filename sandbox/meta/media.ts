// `POST /v{N}.{M}/{phone_number_id}/media`: takes a file as a form; `GET /v{N}.{M}/{media_id}` tells of it (reference/meta-cloud-api.md §3.1). Uploads are
// judged by 500 in any rolling 24 hours of the number, at the stamp of the request's head.
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AccountBook, digitsOf, type MediaRow } from '../ledger/accounts.ts';
import { answer, destroy, readBytes } from '../wire.ts';
import type { World } from '../world.ts';
import { envelope, type GraphError, graphError, tokenError, unknownObject } from './graph-error.ts';
import { admit, hasToken } from './management.ts';

export const MEDIA_PATH = /^\/v\d+\.\d+\/([A-Za-z0-9_.-]{1,64})\/media(?:\?|$)/;
export const OBJECT_PATH = /^\/v\d+\.\d+\/(\d{1,32})(?:\?|$)/;
const MAX_BODY_BYTES = 101 * 1024 * 1024;

export function receiveMedia(
  world: World,
  id: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const atUs = world.clock.nowUs();
  readBytes(request, MAX_BODY_BYTES, (body) => {
    const reply = body && take(world, world.openAccount(id), request, body, atUs);
    if (reply === undefined) destroy(response);
    else if ('id' in reply) answer(response, 200, JSON.stringify({ id: reply.id }));
    else answer(response, reply.status, envelope(reply));
  });
}

/** Undefined: the connection is cut. */
function take(
  world: World,
  book: AccountBook,
  request: IncomingMessage,
  body: Buffer,
  atUs: number,
): MediaRow | GraphError | undefined {
  if (!hasToken(request)) return tokenError();
  const refusal = admit(world, book, book.media.admits(atUs));
  if (refusal) return refusal === 'cut' ? undefined : refusal;
  const parts = partsOf(request.headers['content-type'] ?? '', body);
  const file = parts.get('file');
  const type = parts.get('type')?.content.toString();
  const product = parts.get('messaging_product')?.content.toString();
  if (!file || product !== 'whatsapp' || type === undefined || file.type !== type)
    return graphError(100, { details: 'file, type and messaging_product must be there, and agree' });
  const row = {
    id: digitsOf(world.nextSerial()),
    mime_type: type,
    sha256: createHash('sha256').update(file.content).digest('hex'),
    file_size: file.content.length,
  };
  world.addMedia(row);
  book.media.took += 1;
  return world.faults.after(book.id).kind === 'drop_after' ? undefined : row;
}

export function tellMedia(world: World, id: string, response: ServerResponse): void {
  const row = world.media.get(id);
  if (row) answer(response, 200, JSON.stringify({ messaging_product: 'whatsapp', ...row }));
  else {
    const error = unknownObject(id);
    answer(response, error.status, envelope(error));
  }
}

interface Part {
  type: string;
  content: Buffer;
}

/** The parts of a form by name. */
function partsOf(contentType: string, body: Buffer): Map<string, Part> {
  const boundary = /boundary="?([^";]+)/.exec(contentType)?.[1];
  const parts = new Map<string, Part>();
  if (boundary === undefined) return parts;
  const mark = Buffer.from(`--${boundary}`);
  for (let from = body.indexOf(mark); from >= 0; ) {
    const next = body.indexOf(mark, from + mark.length);
    if (next < 0) break;
    const part = body.subarray(from + mark.length + 2, next - 2);
    const headEnd = part.indexOf('\r\n\r\n');
    const head = part.subarray(0, headEnd).toString();
    const name = /name="([^"]*)"/.exec(head)?.[1];
    const type = /content-type:\s*([^\r\n;]+)/i.exec(head)?.[1] ?? '';
    if (headEnd >= 0 && name !== undefined) parts.set(name, { type, content: part.subarray(headEnd + 4) });
    from = next;
  }
  return parts;
}
