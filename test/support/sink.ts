// A customer's receiver of webhooks: checks every signature with the public library of Standard Webhooks, keeps what came in order, and answers
// as a test wants.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface SinkEvent {
  id: string;
  type: string;
  created_at: string;
  data: Record<string, unknown>;
}

export interface SinkCall {
  id: string;
  type: string;
  /** In a batch, several; else the one that it is. */
  events: SinkEvent[];
  /** What was answered. */
  status: number;
  signatures: number;
  valid: boolean;
  bytes: number;
  headers: IncomingHttpHeaders;
}

/** What to answer; undefined: 204. `drip`: bytes come so slowly that it never ends. */
export interface SinkAnswer {
  status?: number;
  headers?: Record<string, string>;
  drip?: boolean;
}

export interface Sink {
  url: string;
  calls: SinkCall[];
  /** Connections that came, whatever was said on them. */
  connections(): number;
  /** Events of calls that were answered with 2xx; ids may repeat. */
  taken(type?: string): SinkEvent[];
  /** Secrets that a signature may come from. */
  secrets: string[];
  answer: (call: SinkCall, nth: number) => SinkAnswer | undefined;
  close(): Promise<void>;
}

export async function openSink(secrets: string[]): Promise<Sink> {
  let connections = 0;
  const dripping = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const call = readCall(text, request.headers, sink.secrets);
      const answer = sink.answer(call, sink.calls.length) ?? {};
      call.status = answer.drip ? 0 : (answer.status ?? 204);
      sink.calls.push(call);
      if (answer.drip) {
        dripping.add(response);
        response.writeHead(200).write('.');
      } else response.writeHead(call.status, answer.headers ?? {}).end();
    });
  });
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sink: Sink = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    calls: [],
    connections: () => connections,
    taken: (type) =>
      sink.calls
        .filter(({ status }) => status >= 200 && status < 300)
        .flatMap(({ events }) => events)
        .filter((event) => type === undefined || event.type === type),
    secrets,
    answer: () => undefined,
    close: async () => {
      for (const response of dripping) response.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return sink;
}

function readCall(text: string, headers: IncomingHttpHeaders, secrets: readonly string[]): SinkCall {
  const body = JSON.parse(text) as SinkEvent & { data: { events?: SinkEvent[] } };
  return {
    id: String(headers['webhook-id']),
    type: body.type,
    events: body.type === 'message.batch' ? (body.data.events ?? []) : [body],
    status: 0,
    signatures: String(headers['webhook-signature']).split(' ').length,
    valid: secrets.some((secret) => verifies(secret, text, headers)),
    bytes: Buffer.byteLength(text),
    headers,
  };
}

function verifies(secret: string, text: string, headers: IncomingHttpHeaders): boolean {
  try {
    new Webhook(secret).verify(text, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}
