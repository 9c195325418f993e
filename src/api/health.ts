// Liveness, readiness and metrics, for the API and for worker processes. Liveness is the process's own: a dependency that is away
// must not get it killed. Readiness asks the dependencies, each for a second at most.
import { createServer, type Server } from 'node:http';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Service } from '../base/service.ts';

/** A check without an answer for this long has failed. */
const CHECK_MAX_MS = 1_000;

/** By name, as it stands in the answer: whether the dependency answers now. A rejection counts as no. */
export type Checks = Record<string, () => Promise<boolean>>;

export interface Readiness {
  status: 'ready' | 'not_ready';
  checks: Record<string, boolean>;
}

export async function readinessOf(checks: Checks, clock: Clock): Promise<Readiness> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await inTime(check, clock)] as const),
  );
  const ready = results.every(([, fine]) => fine);
  return { status: ready ? 'ready' : 'not_ready', checks: Object.fromEntries(results) };
}

function inTime(check: () => Promise<boolean>, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.after(CHECK_MAX_MS, () => resolve(false));
    const settle = (fine: boolean): void => {
      timer.cancel();
      resolve(fine);
    };
    check().then(settle, () => settle(false));
  });
}

export interface HealthServerOptions {
  /** `127.0.0.1` by default. */
  host?: string;
  port: number;
  /** Whether this process itself still moves; `true` by default. */
  healthy?: () => boolean;
  checks: Checks;
  metrics: Metrics;
  clock: Clock;
  logger: Logger;
}

export interface HealthServer extends Service {
  /** `http://host:port` once started. */
  url(): string;
}

/** For processes without an API: GET /healthz, /readyz and /metrics. */
export function createHealthServer(options: HealthServerOptions): HealthServer {
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, (request, response) => {
    void answer(options, request.url ?? '').then(({ status, type, text }) => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
    });
  });
  const host = options.host ?? '127.0.0.1';
  return {
    name: 'health',
    start: async () => {
      await listen(server, host, options.port);
      options.logger.info('health.listening', { address: urlOf(server, host) });
    },
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await closed;
    },
    url: () => urlOf(server, host),
  };
}

interface Answer {
  status: number;
  type: string;
  text: string;
}

async function answer(
  { healthy, checks, metrics, clock }: HealthServerOptions,
  url: string,
): Promise<Answer> {
  const json = (status: number, body: unknown): Answer => ({
    status,
    type: 'application/json',
    text: JSON.stringify(body),
  });
  switch (url.split('?')[0]) {
    case '/healthz':
      return (healthy?.() ?? true) ? json(200, { status: 'ok' }) : json(503, { status: 'stuck' });
    case '/readyz': {
      const readiness = await readinessOf(checks, clock);
      return json(readiness.status === 'ready' ? 200 : 503, readiness);
    }
    case '/metrics':
      return { status: 200, type: metrics.contentType, text: await metrics.text() };
    default:
      return json(404, { error: { code: 'not_found', message: 'Here are /healthz, /readyz and /metrics.' } });
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

export function urlOf(server: Server, host: string): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen');
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}
