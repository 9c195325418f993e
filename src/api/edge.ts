// The HTTP server at the edge: its bounds in time, size and number, and the errors that happen before a request is one.
// Fastify's own defaults are no bound at all: requestTimeout 0 switches Node's off (reliability §6.4).
import type { Duplex } from 'node:stream';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Clock } from '../base/clock.ts';
import { refused } from '../base/failure.ts';
import { PROBLEM_STATUS } from '../contract/problem.ts';
import { BODY_MAX_BYTES } from './body.ts';
import { failureOf, internal, problemBody, sendProblem } from './problem.ts';
import { UPLOAD_MAX_MS } from './upload-body.ts';

/** From the first byte of a request to its last. */
const REQUEST_MAX_MS = 30_000;
const HEADERS_MAX_MS = 10_000;
/** Node looks for requests past their time this often. */
const TIMEOUT_CHECK_MS = 2_000;
/** Silence on a connection with a request. */
const CONNECTION_MAX_MS = 60_000;
/** Silence on a connection between requests: longer than the 60 s of common load balancers, so that they close first. */
const KEEP_ALIVE_MS = 72_000;
const REQUESTS_PER_SOCKET = 1_000;
const SOCKETS_MAX = 10_000;

const requestId = (clock: Clock): string => `req_${clock.randomHex(12)}`;

export function createEdge(clock: Clock): FastifyInstance {
  const app = fastify({
    logger: false,
    genReqId: () => requestId(clock),
    // A caller's id would end up in our log.
    requestIdHeader: false,
    // Uploads may take this long; every other request is bounded below.
    requestTimeout: UPLOAD_MAX_MS,
    connectionTimeout: CONNECTION_MAX_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxRequestsPerSocket: REQUESTS_PER_SOCKET,
    bodyLimit: BODY_MAX_BYTES,
    // What comes in on a kept connection while we stop is answered, with `connection: close`.
    return503OnClosing: false,
    http: { headersTimeout: HEADERS_MAX_MS, connectionsCheckingInterval: TIMEOUT_CHECK_MS },
    frameworkErrors: (error, request, reply) => {
      reply.header('x-request-id', request.id);
      sendProblem(reply, failureOf(error) ?? internal(error));
    },
    clientErrorHandler: (error, socket) => answerBrokenRequest(error, socket, requestId(clock)),
  });
  app.server.maxConnections = SOCKETS_MAX;
  app.addHook('onRequest', async (request, reply) => boundBody(request, reply, clock));
  return app;
}

/** A body that has not come in time is not waited for. */
function boundBody(
  { raw, routeOptions, headers, id }: FastifyRequest,
  reply: FastifyReply,
  clock: Clock,
): void {
  const bodyless = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
  if (bodyless || routeOptions.config.streams) return;
  const timer = clock.after(REQUEST_MAX_MS, () => {
    if (raw.complete) return;
    if (reply.raw.headersSent) raw.destroy();
    else answerBrokenRequest(Object.assign(new Error(), { code: LATE }), raw.socket, id);
  });
  raw.once('end', () => timer.cancel()).once('close', () => timer.cancel());
}

const LATE = 'ERR_HTTP_REQUEST_TIMEOUT';

/** What Node could not read as a request, answered by hand in the same envelope. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Duplex, id: string): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const failure = refused(
    'invalid_request',
    BROKEN[error.code ?? ''] ?? 'This is not a valid HTTP/1.1 request.',
  );
  const body = JSON.stringify(problemBody(failure, id));
  const head = [
    `HTTP/1.1 ${PROBLEM_STATUS[failure.code]} Bad Request`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${id}`,
    'connection: close',
  ];
  if (socket.writable) socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  else socket.destroy();
}

const BROKEN: Record<string, string> = {
  HPE_HEADER_OVERFLOW: 'The headers are too large.',
  [LATE]: 'The request did not arrive in time.',
};
