// Bodies in, answers out, over plain node:http. One bounded read, one write.
import type { IncomingMessage, ServerResponse } from 'node:http';

const JSON_TYPE = 'application/json; charset=UTF-8';

/** As `readBytes`, as text. */
export const readBody = (
  request: IncomingMessage,
  maxBytes: number,
  done: (body: string | undefined) => void,
): void => readBytes(request, maxBytes, (body) => done(body?.toString('utf8')));

/** Calls back once: with the body, or with undefined when it is too long or its sender went away. */
export function readBytes(
  request: IncomingMessage,
  maxBytes: number,
  done: (body: Buffer | undefined) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let finished = false;
  const finish = (body: Buffer | undefined) => {
    if (finished) return;
    finished = true;
    done(body);
  };
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) finish(undefined);
    else chunks.push(chunk);
  });
  request.on('end', () => {
    finish(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
  });
  request.on('close', () => finish(undefined));
  request.on('error', () => finish(undefined));
}

/** False when nobody is listening any more. */
export function answer(
  response: ServerResponse,
  status: number,
  body: string,
  retryAfterS?: number,
): boolean {
  if (response.destroyed) return false;
  const headers = ['content-type', JSON_TYPE, 'content-length', String(Buffer.byteLength(body))];
  if (retryAfterS !== undefined) headers.push('retry-after', String(retryAfterS));
  response.writeHead(status, headers);
  response.end(body);
  return true;
}

/** Cuts the connection without an answer. */
export function destroy(response: ServerResponse): void {
  response.socket?.destroy();
}
