// The limits that bind the calls of one sender, as data. Read at each take, so that a change binds what waits.
import type { Limit, NamedLimit, RollingLimit } from '../contract/limit.ts';
import { limitKeys, restKey, windowKey } from './keys.ts';

/**
 * Calls in flight of one sender, from their start (at most 50 ms early) until they are settled. At 1,000 a second and a round trip of 300 ms
 * they are 380; 256 held such a number to 771 a second.
 */
const SENDER_MAX_CALLS = 512;
const SECOND_MS = 1_000;
/** Keys of a limit outlive its period by this much: longer than any call, so that a call under way still finds its place. */
export const LIMIT_LINGER_MS = 120_000;

const HOUR_MS = 3_600_000;
/** From the permit of a management call until the platform has counted it, at the latest: its write and its deadline. */
const MANAGEMENT_BOUND_MS = 31_500;
/** The same of an upload. */
const UPLOAD_BOUND_MS = 121_500;

/** What of a sender's account bears on its limits. */
export interface Limited {
  id: string;
  platform: string;
  throughput: number;
  limits: readonly NamedLimit[];
  portfolio: { id: string; limits: readonly NamedLimit[]; messaging_limit: number | 'unlimited' } | undefined;
}

/** Meta's own limits that are no setting (reference: limits that gate a send). */
const PAIR_MS = 6_000;
const UNIQUE_MS = 86_400_000;
/** Longer than anybody rests; the set says until when each does. */
const REST_MS = 30 * 86_400_000;

/** Throughput of the number, the named limits of sender and portfolio, those about one person, and the cap on calls in flight. */
export function limitsOf(sender: Limited): Limit[] {
  return [
    {
      kind: 'rolling',
      name: `${sender.platform}.throughput`,
      scope: sender.id,
      count: sender.throughput,
      perMs: SECOND_MS,
      pace: 'even',
      adaptive: true,
    },
    ...sender.limits.map(named(sender.id)),
    ...(sender.portfolio?.limits ?? []).map(named(sender.portfolio?.id ?? '')),
    { kind: 'concurrency', name: 'calls', scope: sender.id, count: SENDER_MAX_CALLS },
    ...personal(sender),
  ];
}

/**
 * What binds a submission of this sender. An account may submit 100 templates in any rolling hour (reference of Meta §3); a portfolio, or a
 * number alone, may upload 500 files in any rolling 24 hours (reference: limits that platforms pass on). A place is taken from the permit on.
 */
export const submissionLimit = (
  kind: 'templates' | 'media',
  {
    id,
    account_id,
    portfolio,
  }: { id: string; account_id?: string | undefined; portfolio?: { id: string } | undefined },
): RollingLimit => (kind === 'media' ? mediaLimit(portfolio?.id ?? id) : templateLimit(account_id ?? id));

const templateLimit = (account: string): RollingLimit => ({
  kind: 'rolling',
  name: 'meta.templates',
  scope: account,
  count: 100,
  perMs: HOUR_MS + MANAGEMENT_BOUND_MS,
  pace: 'burst',
});

const mediaLimit = (scope: string): RollingLimit => ({
  kind: 'rolling',
  name: 'meta.media',
  scope,
  count: 500,
  perMs: UNIQUE_MS + UPLOAD_BOUND_MS,
  pace: 'burst',
});

const named =
  (scope: string) =>
  ({ name, count, per, pace }: NamedLimit): Limit => ({
    kind: 'rolling',
    name,
    scope,
    count,
    perMs: per,
    pace,
  });

function personal({ id, platform, portfolio }: Limited): Limit[] {
  if (platform !== 'meta') return [];
  const pair: Limit = { kind: 'pair', name: 'meta.pair', scope: id, perMs: PAIR_MS };
  if (!portfolio || portfolio.messaging_limit === 'unlimited') return [pair];
  const { id: scope, messaging_limit: count } = portfolio;
  return [{ kind: 'unique', name: 'meta.messaging_limit', scope, count, perMs: UNIQUE_MS }, pair];
}

/** Limits as a script reads them, with the set of persons who rest behind them: two keys each … */
export function limitKeyList(
  namespace: string,
  { home, sender }: { home: string; sender: string },
  limits: readonly Limit[],
): string[] {
  const keys = limits.flatMap(({ kind, scope, name }) => {
    const { state, times } = limitKeys(namespace, home, scope, name);
    return [state, kind === 'unique' ? windowKey(namespace, home, sender) : times];
  });
  const rest = restKey(namespace, home);
  return [...keys, rest, rest];
}

/** … and how many, then kind, count, period (µs), pace, and whether all senders of the home share it. */
export const limitArguments = (limits: readonly Limit[], sender: string): (string | number)[] => [
  limits.length + 1,
  ...limits.flatMap((limit): (string | number)[] => [
    limit.kind === 'rolling' && limit.adaptive ? 'adaptive' : limit.kind,
    limit.kind === 'pair' ? 1 : limit.count,
    limit.kind === 'concurrency' ? 0 : limit.perMs * 1_000,
    limit.kind === 'rolling' ? limit.pace : 'burst',
    limit.kind === 'rolling' && limit.scope !== sender ? 'home' : 'own',
  ]),
  ...['rest', 1, REST_MS * 1_000, 'burst', 'own'],
];
