// Tags of answers: a client that has the same bytes is told so, and one that changes an object may say which it has seen.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { refused } from '../base/failure.ts';
import { sha256Hex } from '../base/secret.ts';

const tagOf = (text: string): string => `"${sha256Hex(text).slice(0, 27)}"`;

/** Strong, of the very bytes that are sent; weak where only a part of them, `lasting`, tells one state from another. */
export function tagged(
  request: FastifyRequest,
  reply: FastifyReply,
  body: object,
  lasting?: object,
): string | undefined {
  const text = JSON.stringify(body);
  const tag = lasting ? `W/${tagOf(JSON.stringify(lasting))}` : tagOf(text);
  reply.header('etag', tag).header('cache-control', 'private, no-cache');
  if (request.method === 'GET' && names(request.headers['if-none-match'], tag)) {
    reply.code(304).send();
    return undefined;
  }
  reply.type('application/json; charset=utf-8');
  return text;
}

/** Throws `precondition_failed` when the client has seen another state of the object than this. */
export function checkIfMatch(request: FastifyRequest, body: object): void {
  const header = request.headers['if-match'];
  if (header === undefined || names(header, tagOf(JSON.stringify(body)))) return;
  throw refused('precondition_failed', 'It has changed since you read it: read it again.');
}

/** If-None-Match compares weakly, and `*` means any. */
function names(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((one) => one.trim() === '*' || opaque(one.trim()) === opaque(tag));
}

const opaque = (tag: string): string => tag.replace(/^W\//, '');
