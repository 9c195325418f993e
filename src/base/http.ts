// The door to undici: one call, one write, one word about what became of it. No retries, no redirects, one deadline over everything.
// What undici 8.12 does (lib/dispatcher/client-h1.js), and this file builds on:
// - `onRequestStart` runs in the tick of the write, straight before `socket.write`, on a connected socket. Before it nothing was written.
// - Throwing in it drops the request and keeps the connection; `controller.abort` there would destroy the socket.
// - A socket destroyed with an `InformationalError` puts its running request back in the queue, whatever `idempotent` says:
//   the second start of a call is refused here, so that a call is never written twice.
// - A request that undici finds invalid costs the pool a connection for ever (`dispatch` → false, no drain follows): checked before.

import { openAsBlob } from 'node:fs';
import { isIP } from 'node:net';
import { buildConnector, FormData, Pool } from 'undici';
import type { Clock, Timer } from './clock.ts';
import {
  Call,
  type CallForm,
  type CallOptions,
  type CallResult,
  type Counted,
  notSent,
} from './http-call.ts';
import { publicAddressOf, type Resolve } from './public-address.ts';

export type {
  Answered,
  AnswerHeaders,
  CallForm,
  CallOptions,
  CallResult,
  NotSent,
  Unanswered,
} from './http-call.ts';

export interface HttpClient {
  /** Never rejects. */
  call(options: CallOptions): Promise<CallResult>;
  /** Calls that have not ended. */
  inFlight(): number;
  /** Ends what was not written as `closed`, waits for the answers to the rest (at most their deadline), closes the connections. */
  close(): Promise<void>;
}

export interface HttpOptions {
  clock: Clock;
  connectionsPerOrigin: number;
  /** A larger answer ends its call as unanswered; 64 KB by default. */
  maxAnswerBytes?: number;
  /** Certificate authority of a TLS origin, instead of the system's. PEM. */
  ca?: string;
  /**
   * Connects to public addresses only: each name is resolved with this for each connection, and the connection goes to the very address that
   * was looked at. Else the call ends as `not_sent`, with `NOT_PUBLIC` as its detail.
   */
  publicOnly?: Resolve;
}

/** A form with the file as its last part: read from disk while it is sent. Rejects when there is no such file. */
export async function fileForm(
  fields: Readonly<Record<string, string>>,
  file: { path: string; name: string; type: string },
): Promise<CallForm> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', await openAsBlob(file.path, { type: file.type }), file.name);
  return form;
}

/** Detail of a call whose address is none of the public internet. */
export const NOT_PUBLIC = 'ENOTPUBLIC';

const CONNECT_TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** Deadlines are kept this exactly: one sweep over all calls instead of a timer per call. */
const SWEEP_MS = 250;
/**
 * An idle connection is closed by us before the other side does: a request that crosses their FIN is lost with its outcome unknown.
 * 4 s where the server says nothing (Node closes after 5 s), else 2 s before the moment in its `keep-alive` header, at most 30 s.
 */
const KEEP_ALIVE_MS = 4_000;
const KEEP_ALIVE_MARGIN_MS = 2_000;
const KEEP_ALIVE_MAX_MS = 30_000;
/** Pools of origins without calls are closed above this many. */
const MAX_ORIGINS = 256;
/** Connections of one pool: 1,024 in one cost 4 % of a dispatch process in looking for a free one. */
const GROUP_CONNECTIONS = 64;

const INVALID_PATH = /[^\x21-\xff]|^[^/]|^$/;
/** Lower case, and none of those that frame the message: they are undici's. */
const HEADER_NAME =
  /^(?!(?:connection|content-length|expect|keep-alive|transfer-encoding|upgrade)$)[a-z0-9-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

interface Group extends Counted {
  pool: Pool;
  size: number;
}

/** The connections to one origin, in groups: an undici pool looks for a free connection from its first to its last, twice for each call. */
interface Origin {
  name: string;
  groups: Group[];
}

export function createHttpClient(options: HttpOptions): HttpClient {
  const { clock, ca, publicOnly } = options;
  const connect = connectorOf(ca, publicOnly);
  const origins = createOrigins(options.connectionsPerOrigin, (name, size) =>
    openPool(name, size, options, connect),
  );
  const calls = new Set<Call>();
  let sweeper: Timer | undefined;
  let closed = false;
  let drained: (() => void) | undefined;

  const sweep = (): void => {
    const nowUs = clock.monotonicUs();
    for (const call of calls) if (call.deadlineUs <= nowUs) call.expire();
    sweeper = calls.size > 0 ? clock.after(SWEEP_MS, sweep) : undefined;
  };

  const ended = (call: Call): void => {
    calls.delete(call);
    call.group.calls--;
    if (calls.size === 0) drained?.();
  };

  const start = (options: CallOptions, group: Group, resolve: (result: CallResult) => void): void => {
    const call = new Call(options, group, clock, resolve, ended);
    calls.add(call);
    group.calls++;
    sweeper ??= clock.after(SWEEP_MS, sweep);
    const { path, method } = options;
    const body = options.body as string | FormData;
    // Not idempotent, whatever the method: undici repeats idempotent requests after a lost connection.
    group.pool.dispatch(
      { path, method, headers: options.headers as string[], body, idempotent: false },
      call,
    );
  };

  return {
    call(options) {
      if (closed) return Promise.resolve(notSent('closed', 'the client is closed', clock));
      const group = canBeWritten(options) ? origins.groupOf(options.origin) : undefined;
      if (group) return new Promise((resolve) => start(options, group, resolve));
      return Promise.resolve(notSent('invalid', 'the origin, the path or a header cannot be used', clock));
    },
    inFlight: () => calls.size,
    async close() {
      closed = true;
      for (const call of calls) call.close();
      if (calls.size > 0) {
        await new Promise<void>((resolve) => {
          drained = resolve;
        });
      }
      sweeper?.cancel();
      await origins.close();
    },
  };
}

interface Origins {
  /** Where the next call to this origin goes; undefined when the name is no origin. */
  groupOf(name: string): Group | undefined;
  close(): Promise<void>;
}

function createOrigins(connections: number, open: (name: string, size: number) => Pool): Origins {
  const origins = new Map<string, Origin>();
  return {
    groupOf(name) {
      let origin = origins.get(name);
      if (!origin) {
        if (!/^https?:\/\/[^/]+$/.test(name) || !URL.canParse(name)) return undefined;
        if (origins.size >= MAX_ORIGINS) dropIdle(origins);
        origin = { name, groups: [] };
        origins.set(name, origin);
      }
      return freeGroup(origin) ?? openGroup(origin, connections, open) ?? leastBusy(origin);
    },
    async close() {
      const pools = [...origins.values()].flatMap(({ groups }) => groups).map(({ pool }) => pool.destroy());
      origins.clear();
      await Promise.all(pools);
    },
  };
}

/** The first with a connection to spare, so that few connections stay warm when few are needed. */
const freeGroup = ({ groups }: Origin): Group | undefined => groups.find(({ calls, size }) => calls < size);

/** Undefined when the origin has all its connections. */
function openGroup(
  { name, groups }: Origin,
  connections: number,
  open: (name: string, size: number) => Pool,
): Group | undefined {
  const size = Math.min(GROUP_CONNECTIONS, connections - groups.length * GROUP_CONNECTIONS);
  if (size <= 0) return undefined;
  const group = { pool: open(name, size), size, calls: 0 };
  groups.push(group);
  return group;
}

const leastBusy = ({ groups }: Origin): Group | undefined =>
  groups.reduce<Group | undefined>(
    (least, one) => (least && least.calls <= one.calls ? least : one),
    undefined,
  );

/** Resolves by itself, and connects to what it has resolved: a name that changes its answer in between changes nothing. */
function connectorOf(ca: string | undefined, resolve: Resolve | undefined): buildConnector.connector {
  const connect = buildConnector({
    timeout: CONNECT_TIMEOUT_MS,
    allowH2: false,
    ...(ca === undefined ? {} : { ca }),
  });
  if (!resolve) return connect;
  return (options, callback) => {
    const { hostname } = options;
    const name = isIP(hostname.replace(/^\[(.*)\]$/, '$1')) === 0 ? { servername: hostname } : {};
    publicAddressOf(hostname, resolve).then(
      (address) =>
        address === undefined
          ? callback(Object.assign(new Error('not a public address'), { code: NOT_PUBLIC }), null)
          : connect({ ...options, ...name, hostname: address }, callback),
      (error: Error) => callback(error, null),
    );
  };
}

function openPool(
  origin: string,
  connections: number,
  { maxAnswerBytes = MAX_ANSWER_BYTES }: HttpOptions,
  connect: buildConnector.connector,
): Pool {
  return new Pool(origin, {
    connections,
    pipelining: 1,
    // Over h2 a request starts before its bytes leave, and one lost connection takes many calls with it.
    allowH2: false,
    connect,
    // The deadline is ours; undici's own two timers per call are off.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: maxAnswerBytes,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveTimeoutThreshold: KEEP_ALIVE_MARGIN_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
  });
}

function dropIdle(origins: Map<string, Origin>): void {
  for (const [name, { groups }] of origins) {
    if (groups.some(({ calls }) => calls > 0)) continue;
    origins.delete(name);
    for (const { pool } of groups) void pool.destroy();
    return;
  }
}

/** Headers that were found valid, by identity: a sender's are the same array for every call. */
const validHeaders = new WeakSet<readonly string[]>();

function canBeWritten({ path, headers }: CallOptions): boolean {
  if (INVALID_PATH.test(path)) return false;
  if (validHeaders.has(headers)) return true;
  const valid =
    headers.length % 2 === 0 &&
    headers.every((text, i) => (i % 2 === 0 ? HEADER_NAME : HEADER_VALUE).test(text));
  if (valid) validHeaders.add(headers);
  return valid;
}
