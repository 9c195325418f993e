// The simulated platform as one HTTP server: Meta's send call, the control API, the ledger, a health check.
// It imports nothing of Sluice, so that what it reports about Sluice is an outside view.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { systemClock } from './clock.ts';
import { type ControlReply, control } from './control/control.ts';
import { InputError } from './control/input.ts';
import { arrivalsPage, ledgerReport } from './ledger/report.ts';
import { envelope, graphError, unknownPath } from './meta/graph-error.ts';
import { MEDIA_PATH, OBJECT_PATH, receiveMedia, tellMedia } from './meta/media.ts';
import { receiveSend } from './meta/send.ts';
import { receiveTemplates, TEMPLATES_PATH } from './meta/templates.ts';
import { answer, destroy, readBody } from './wire.ts';
import { World } from './world.ts';

/** Longer than the usual 60 s of clients and proxies, so that it is never this side that closes an idle connection. */
const KEEP_ALIVE_MS = 72_000;
const METHODS = new Set(['GET', 'POST']);
const MAX_CONTROL_BYTES = 1_048_576;
const SEND_PATH = /^\/v\d+\.\d+\/([A-Za-z0-9_.-]{1,64})\/messages(?:\?|$)/;

export interface SandboxOptions {
  /** 0 takes any free port. */
  port: number;
  host: string;
}

export interface Sandbox {
  url: string;
  /** Cuts every connection and frees the port. */
  close(): Promise<void>;
}

export async function startSandbox({ port, host }: SandboxOptions): Promise<Sandbox> {
  const clock = systemClock();
  let world = new World(clock);
  const resetWorld = () => {
    clock.reset();
    world.outbox.close();
    world = new World(clock);
  };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    const url = request.url ?? '/';
    const number = request.method === 'POST' ? SEND_PATH.exec(url)?.[1] : undefined;
    if (number !== undefined) receiveSend(world, number, request, response);
    else if (!receiveManagement(world, request, response))
      receiveOther(() => world, resetWorld, request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const boundPort = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${boundPort}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Templates and media. False: it is another call. */
function receiveManagement(world: World, request: IncomingMessage, response: ServerResponse): boolean {
  const { url = '/', method = 'GET' } = request;
  const account = TEMPLATES_PATH.exec(url)?.[1];
  const uploader = method === 'POST' ? MEDIA_PATH.exec(url)?.[1] : undefined;
  const object = method === 'GET' ? OBJECT_PATH.exec(url)?.[1] : undefined;
  if (account !== undefined && METHODS.has(method)) receiveTemplates(world, account, request, response);
  else if (uploader !== undefined) receiveMedia(world, uploader, request, response);
  else if (object !== undefined) tellMedia(world, object, response);
  else return false;
  return true;
}

function receiveOther(
  worldNow: () => World,
  resetWorld: () => void,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  readBody(request, MAX_CONTROL_BYTES, (raw) => {
    if (raw === undefined) {
      destroy(response);
      return;
    }
    try {
      const url = new URL(request.url ?? '/', 'http://sandbox');
      const reply = route(worldNow(), resetWorld, request.method ?? 'GET', url, raw);
      if (reply !== undefined) answer(response, reply.status, JSON.stringify(reply.body));
      else answer(response, 404, envelope(unknownPath(url.pathname)));
    } catch (error) {
      const details = error instanceof Error ? error.message : String(error);
      answer(response, 500, envelope(graphError(131000, { details })));
    }
  });
}

/** Undefined: no such route. */
function route(
  world: World,
  resetWorld: () => void,
  method: string,
  url: URL,
  raw: string,
): ControlReply | undefined {
  const { pathname, searchParams } = url;
  if (pathname.startsWith('/control/')) return control(world, method, pathname, raw, resetWorld);
  if (method !== 'GET') return undefined;
  if (pathname === '/healthz') return { status: 200, body: { status: 'ok' } };
  const read =
    pathname === '/ledger' ? ledgerReport : pathname === '/ledger/arrivals' ? arrivalsPage : undefined;
  if (read === undefined) return undefined;
  try {
    const body = read(world, searchParams);
    if (body !== undefined) return { status: 200, body };
    return { status: 404, body: { error: { message: 'number is not known', path: 'number' } } };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { status: 400, body: { error: { message: `${error.path} ${error.message}`, path: error.path } } };
  }
}
