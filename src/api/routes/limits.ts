// GET /v1/limits: how many requests this key may make, and how many it has made.
import type { FastifyInstance } from 'fastify';
import type { Accounts } from '../../accounts/port.ts';
import type { Redis } from '../../base/redis.ts';
import { namedLimitsOf } from '../../contract/plan.ts';
import { readUse } from '../../pacing/read-use.ts';
import { requestHome } from '../../pacing/requests.ts';
import { callerOf } from '../auth.ts';
import { useView } from '../limit-views.ts';
import { noQuery, parseQuery } from '../query.ts';

export interface LimitRoutesOptions {
  accounts: Pick<Accounts, 'plan'>;
  redis: Redis;
  namespace: string;
}

export function limitRoutes(app: FastifyInstance, { accounts, redis, namespace }: LimitRoutesOptions): void {
  app.get('/v1/limits', { config: { scope: 'any' } }, async (request) => {
    parseQuery(noQuery, request.query);
    const { workspace, key } = callerOf(request);
    const plan = accounts.plan(workspace);
    const { nowUs, uses } = await readUse(redis, namespace, requestHome(key), namedLimitsOf(plan));
    return { plan, data: uses.map((use) => useView(use, nowUs)) };
  });
}
