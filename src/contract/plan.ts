// Plans: how many requests one API key may make, in several rolling windows at once. Data only; the API holds them by pacing's rolling limits.
import { z } from 'zod';
import type { RollingLimit } from './limit.ts';

const WINDOWS = { per_second: 1_000, per_minute: 60_000, per_hour: 3_600_000, per_day: 86_400_000 } as const;
type Window = keyof typeof WINDOWS;

const count = z.int().min(1).max(10_000_000).nullable().default(null);
const windows = { per_second: count, per_minute: count, per_hour: count, per_day: count };
/** Routes that one plan may name. */
const ROUTES_MAX = 64;
/** `*` stands for every other route, each with places of its own. */
const route = z
  .string()
  .regex(
    /^(\*|(GET|POST|PUT|PATCH|DELETE) \/\S{1,200})$/,
    'must be "*" or a route such as "POST /v1/messages/bulk"',
  );

/** Null is unlimited. `routes` adds windows that each route has for itself; `reset` is the unit of `x-ratelimit-reset`. */
const planRulesSchema = z.strictObject({
  ...windows,
  routes: z
    .record(route, z.strictObject(windows))
    .refine((routes) => Object.keys(routes).length <= ROUTES_MAX, `must name at most ${ROUTES_MAX} routes`)
    .default({}),
  reset: z.enum(['seconds', 'milliseconds']).default('seconds'),
});
type PlanRules = z.output<typeof planRulesSchema>;

const rules = (given: z.input<typeof planRulesSchema>): PlanRules => planRulesSchema.parse(given);
const perMinute = (per_minute: number) => ({ per_minute });

/** `campaigns` is a profile by route in the manner of a campaigns API: what starts a job is scarce, readings of one job are not. */
export const PLANS = {
  free: rules({ per_minute: 30, per_hour: 500, per_day: 2_000 }),
  pro: rules({ per_minute: 120, per_hour: 5_000, per_day: 50_000 }),
  business: rules({ per_minute: 600, per_hour: 20_000, per_day: 200_000 }),
  agency: rules({ per_minute: 2_000, per_hour: 100_000 }),
  campaigns: rules({
    reset: 'milliseconds',
    routes: {
      'POST /v1/messages/bulk': perMinute(20),
      'GET /v1/jobs/:id': perMinute(120),
      'GET /v1/jobs/:id/items': perMinute(30),
      '*': perMinute(60),
    },
  }),
};

const NAMES = ['free', 'pro', 'business', 'agency', 'campaigns'] as const satisfies (keyof typeof PLANS)[];

export const planSchema = z.union([z.enum(NAMES), planRulesSchema]);
export type Plan = z.output<typeof planSchema>;

const rulesOf = (plan: Plan): PlanRules => (typeof plan === 'string' ? PLANS[plan] : plan);

export const resetUnitOf = (plan: Plan): PlanRules['reset'] => rulesOf(plan).reset;

/** The scope of the windows that all requests of a key share. */
const ALL = 'all';

/** The windows that bind a request of this route (`GET /v1/jobs/:id`): those of the key, then those of the route. Empty: unlimited. */
export function requestLimitsOf(plan: Plan, route: string): RollingLimit[] {
  const { routes, ...own } = rulesOf(plan);
  const named = Object.hasOwn(routes, route) ? routes[route] : routes['*'];
  return [...windowsOf(own, ALL, ''), ...(named ? windowsOf(named, route, 'route.') : [])];
}

/** Every window that the plan names, for those who ask. */
export function namedLimitsOf(plan: Plan): RollingLimit[] {
  const { routes } = rulesOf(plan);
  return [
    ...requestLimitsOf(plan, '').filter(({ scope }) => scope === ALL),
    ...Object.keys(routes)
      .filter((one) => one !== '*')
      .flatMap((one) => requestLimitsOf(plan, one).filter(({ scope }) => scope !== ALL)),
  ];
}

function windowsOf(
  given: Record<Window, number | null>,
  scope: string,
  prefix: '' | 'route.',
): RollingLimit[] {
  return Object.entries(WINDOWS).flatMap(([window, perMs]) => {
    const most = given[window as Window];
    const name = prefix + window.slice('per_'.length);
    return most === null ? [] : [{ kind: 'rolling', name, scope, count: most, perMs, pace: 'burst' }];
  });
}
