// The door to HTTP against real servers: what was written, what was not, and what the door says of it.
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { type CallOptions, createHttpClient, type HttpClient } from '../../src/base/http.ts';
import { type HandClock, handClock } from './http-clock.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Downstream {
  origin: string;
  server: Server;
  connections: number;
  requests: number;
  /** Bytes that arrived on all connections that have closed or are open. */
  bytes(): number;
}

async function downstream(listener: RequestListener): Promise<Downstream> {
  const sockets: Socket[] = [];
  const seen = { connections: 0, requests: 0 };
  const server = createServer((request, response) => {
    seen.requests++;
    listener(request, response);
  });
  server.on('connection', (socket) => {
    seen.connections++;
    sockets.push(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const bytes = (): number => sockets.reduce((sum, socket) => sum + socket.bytesRead, 0);
  return Object.defineProperties({ origin, server, bytes } as Downstream, {
    connections: { get: () => seen.connections },
    requests: { get: () => seen.requests },
  });
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
};

/** Answers with what arrived. */
const echo: RequestListener = (request, response) => {
  void bodyOf(request).then((body) => response.setHeader('x-seen', request.url ?? '').end(body));
};

function client(connectionsPerOrigin = 1, clock: HandClock | typeof systemClock = systemClock): HttpClient {
  const http = createHttpClient({ clock, connectionsPerOrigin });
  cleanups.push(() => http.close());
  return http;
}

const callTo = (origin: string, more: Partial<CallOptions> = {}): CallOptions => ({
  origin,
  path: '/messages',
  method: 'POST',
  headers: ['content-type', 'application/json'],
  body: '{}',
  mayWrite: () => true,
  ...more,
});

const refusingOrigin = async (): Promise<string> => {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
};

describe('an answered call', () => {
  test('brings status, headers, body and both moments', async () => {
    const { origin } = await downstream((request, response) => {
      void bodyOf(request).then((body) =>
        response.writeHead(429, { 'retry-after': '7' }).end(`got ${body} é`),
      );
    });
    const beforeUs = systemClock.monotonicUs();
    const result = await client().call(callTo(origin, { body: '{"a":"ü"}' }));
    expect(result).toMatchObject({ kind: 'answered', status: 429, body: 'got {"a":"ü"} é' });
    if (result.kind !== 'answered') throw new Error(result.kind);
    expect(result.headers['retry-after']).toBe('7');
    expect(result.writtenAtUs).toBeGreaterThanOrEqual(beforeUs);
    expect(result.answeredAtUs).toBeGreaterThanOrEqual(result.writtenAtUs);
  });

  test('keeps its connections: calls one after the other need two at most', async () => {
    const down = await downstream(echo);
    const http = client(4);
    for (let i = 0; i < 20; i++) expect(await http.call(callTo(down.origin))).toMatchObject({ status: 200 });
    // undici takes a connection back one turn of the event loop after its answer; the next call may be sooner.
    expect(down.connections).toBeLessThanOrEqual(2);
    expect(http.inFlight()).toBe(0);
  });

  test('redirects are answers, not followed', async () => {
    const down = await downstream((request, response) => {
      void bodyOf(request).then(() => response.writeHead(307, { location: '/elsewhere' }).end());
    });
    expect(await client().call(callTo(down.origin))).toMatchObject({ kind: 'answered', status: 307 });
    expect(down.requests).toBe(1);
  });

  test('a body that comes in pieces is put together, characters whole', async () => {
    const { origin } = await downstream((request, response) => {
      const bytes = Buffer.from('é'.repeat(1_000));
      void bodyOf(request).then(() =>
        response.write(bytes.subarray(0, 333), () => response.end(bytes.subarray(333))),
      );
    });
    expect(await client().call(callTo(origin))).toMatchObject({ body: 'é'.repeat(1_000) });
  });

  test('1,000 calls at once over 8 connections, each answered with its own body', async () => {
    const down = await downstream(echo);
    const http = client(8);
    const results = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => http.call(callTo(down.origin, { body: `{"n":${i}}` }))),
    );
    expect(results.map((result) => (result.kind === 'answered' ? result.body : result.kind))).toEqual(
      Array.from({ length: 1_000 }, (_, i) => `{"n":${i}}`),
    );
    expect(down.connections).toBe(8);
    expect(down.requests).toBe(1_000);
  });
});

describe('mayWrite', () => {
  test('is asked in the tick of the write, on the connection that will carry it', async () => {
    const down = await downstream(echo);
    const order: string[] = [];
    const result = await client().call(
      callTo(down.origin, {
        mayWrite: () => {
          order.push(`asked, ${down.requests} requests there`);
          queueMicrotask(() => order.push('tick over'));
          return true;
        },
      }),
    );
    expect(result.kind).toBe('answered');
    expect(order).toEqual(['asked, 0 requests there', 'tick over']);
  });

  test('false writes nothing, and the connection still serves the next call', async () => {
    const down = await downstream(echo);
    const http = client();
    await http.call(callTo(down.origin));
    const bytes = down.bytes();
    const late = await Promise.all(
      Array.from({ length: 100 }, () => http.call(callTo(down.origin, { mayWrite: () => false }))),
    );
    expect(late.every((result) => result.kind === 'not_sent' && result.reason === 'late')).toBe(true);
    expect(down.bytes()).toBe(bytes);
    expect(await http.call(callTo(down.origin))).toMatchObject({ kind: 'answered', status: 200 });
    expect([down.connections, down.requests]).toEqual([1, 2]);
  });

  test('false for some of many leaves the others alone', async () => {
    const down = await downstream(echo);
    const http = client(4);
    const results = await Promise.all(
      Array.from({ length: 400 }, (_, i) =>
        http.call(callTo(down.origin, { body: String(i), mayWrite: () => i % 3 > 0 })),
      ),
    );
    results.forEach((result, i) => {
      expect(result).toMatchObject(i % 3 > 0 ? { kind: 'answered', body: String(i) } : { kind: 'not_sent' });
    });
    expect(down.connections).toBe(4);
  });
});

describe('not sent', () => {
  test('connection refused, for every call that waits', async () => {
    const http = client(2);
    const origin = await refusingOrigin();
    const results = await Promise.all(Array.from({ length: 20 }, () => http.call(callTo(origin))));
    for (const result of results) {
      expect(result).toMatchObject({ kind: 'not_sent', reason: 'connect', detail: 'ECONNREFUSED' });
    }
    expect(http.inFlight()).toBe(0);
  });

  test('what cannot be written is told at once and costs no connection', async () => {
    const down = await downstream(echo);
    const http = client();
    const bad: Partial<CallOptions>[] = [
      { headers: ['authorization', 'Bearer a\r\nx: y'] },
      { headers: ['content-length', '5'] },
      { headers: ['odd'] },
      { path: 'no-slash' },
      { path: '/with space' },
      { origin: 'no origin' },
      { origin: 'ftp://127.0.0.1' },
    ];
    for (const one of bad) {
      expect(await http.call(callTo(down.origin, one))).toMatchObject({
        kind: 'not_sent',
        reason: 'invalid',
      });
    }
    expect(await http.call(callTo(down.origin))).toMatchObject({ kind: 'answered' });
    expect(down.requests).toBe(1);
  });

  test('no free connection before the deadline: late, and never written afterwards', async () => {
    const clock = handClock();
    const arrived = Promise.withResolvers<ServerResponse>();
    const down = await downstream((_request, response) => arrived.resolve(response));
    const http = client(1, clock);
    const first = http.call(callTo(down.origin));
    const waiting = http.call(callTo(down.origin, { deadlineMs: 1_000 }));
    const response = await arrived.promise;
    clock.advance(1_500);
    expect(await waiting).toMatchObject({ kind: 'not_sent', reason: 'late' });
    response.end('done');
    expect(await first).toMatchObject({ kind: 'answered', body: 'done' });
    expect(down.requests).toBe(1);
  });

  test('a connection that dies with calls waiting behind it: they go over the next one', async () => {
    const down = await downstream((request, response) => {
      if (down.requests === 1) request.socket.destroy();
      else response.end('ok');
    });
    const http = client(1);
    const [first, ...others] = await Promise.all(
      Array.from({ length: 5 }, () => http.call(callTo(down.origin))),
    );
    expect(first).toMatchObject({ kind: 'unanswered' });
    for (const other of others) expect(other).toMatchObject({ kind: 'answered' });
    expect(down.requests).toBe(5);
  });
});

describe('unanswered', () => {
  test('the server reads it and hangs up: written once, never again', async () => {
    const down = await downstream((request) => void bodyOf(request).then(() => request.socket.destroy()));
    for (const method of ['POST', 'GET'] as const) {
      const before = down.requests;
      const result = await client().call(callTo(down.origin, { method, body: method === 'GET' ? '' : '{}' }));
      expect(result).toMatchObject({ kind: 'unanswered', reason: 'reset' });
      expect(down.requests).toBe(before + 1);
    }
  });

  test('the server hangs up in the middle of the answer', async () => {
    const { origin } = await downstream((request, response) => {
      response
        .writeHead(200, { 'content-length': '100' })
        .write('{"messages":', () => request.socket.destroy());
    });
    expect(await client().call(callTo(origin))).toMatchObject({ kind: 'unanswered' });
  });

  test('the server never answers: timeout at the deadline, to one sweep', async () => {
    const clock = handClock();
    const arrived = Promise.withResolvers<void>();
    const hungUp = Promise.withResolvers<void>();
    const { origin } = await downstream((request) => {
      request.socket.on('close', () => hungUp.resolve());
      arrived.resolve();
    });
    const http = client(1, clock);
    const call = http.call(callTo(origin, { deadlineMs: 2_000 }));
    await arrived.promise;
    clock.advance(1_999);
    expect(http.inFlight()).toBe(1);
    clock.advance(251);
    expect(await call).toMatchObject({ kind: 'unanswered', reason: 'timeout', writtenAtUs: 1_000_000 });
    // An answer that comes later could be taken for the next call's: the connection goes.
    await hungUp.promise;
    clock.advance(250);
    expect(clock.waiting()).toBe(0);
  });

  test('an answer above 64 KB', async () => {
    const { origin } = await downstream((_request, response) => response.end('x'.repeat(64 * 1024 + 1)));
    expect(await client().call(callTo(origin))).toMatchObject({ kind: 'unanswered', reason: 'too_large' });
  });

  test('an answer of just 64 KB is taken', async () => {
    const { origin } = await downstream((_request, response) => response.end('x'.repeat(64 * 1024)));
    expect(await client().call(callTo(origin))).toMatchObject({ kind: 'answered', status: 200 });
  });

  test('an answer that is no HTTP', async () => {
    const { origin } = await downstream((request) => request.socket.end('nonsense\r\n\r\n'));
    expect(await client().call(callTo(origin))).toMatchObject({ kind: 'unanswered', reason: 'protocol' });
  });
});

describe('a kept connection that the server closed between two calls', () => {
  test('is left for a new one, nothing written', async () => {
    const down = await downstream(echo);
    const http = client();
    for (let i = 0; i < 20; i++) {
      expect(await http.call(callTo(down.origin))).toMatchObject({ kind: 'answered' });
      // The FIN is on its way when the next call comes, and is seen before anything is written.
      down.server.closeAllConnections();
    }
    expect(down.requests).toBe(20);
  });
});

describe('close', () => {
  test('waits for what was written, ends what was not, refuses what comes', async () => {
    const arrived = Promise.withResolvers<ServerResponse>();
    const down = await downstream((_request, response) => arrived.resolve(response));
    const http = client();
    const first = http.call(callTo(down.origin));
    const second = http.call(callTo(down.origin));
    const response = await arrived.promise;
    const closing = http.close();
    expect(await second).toMatchObject({ kind: 'not_sent', reason: 'closed' });
    expect(await http.call(callTo(down.origin))).toMatchObject({ kind: 'not_sent', reason: 'closed' });
    response.end('done');
    expect(await first).toMatchObject({ kind: 'answered', body: 'done' });
    await closing;
    expect(down.requests).toBe(1);
  });
});
