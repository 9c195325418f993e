// What operators and the curious ask, without a key: liveness, readiness, metrics, and what this is.
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../base/clock.ts';
import type { Metrics } from '../../base/metrics.ts';
import { type Checks, readinessOf } from '../health.ts';

export interface SystemRoutesOptions {
  checks: Checks;
  /** Whether the parts of this process still move; absent: it has no others. */
  healthy?: () => boolean;
  metrics: Metrics;
  clock: Clock;
}

const LINKS = {
  name: 'sluice',
  links: {
    jobs: '/v1/jobs',
    health: '/healthz',
    readiness: '/readyz',
    metrics: '/metrics',
    openapi: '/openapi.json',
    docs: '/docs',
  },
};

export function systemRoutes(
  app: FastifyInstance,
  { checks, metrics, clock, healthy = () => true }: SystemRoutesOptions,
): void {
  // Its own: that it answers, and that what runs beside it moves. A dependency that is away is none of its business.
  app.get('/healthz', (_request, reply) =>
    healthy() ? { status: 'ok' } : reply.code(503).send({ status: 'stuck' }),
  );
  app.get('/readyz', async (_request, reply) => {
    const readiness = await readinessOf(checks, clock);
    return reply.code(readiness.status === 'ready' ? 200 : 503).send(readiness);
  });
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  app.get('/', () => LINKS);
}
