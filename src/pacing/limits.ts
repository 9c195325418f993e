// The limits that bind the calls of one sender, as data. Read at each take, so that a change binds what waits.
import type { Limit, NamedLimit } from '../contract/limit.ts';
import { type LimitKeys, limitKeys } from './keys.ts';

/**
 * Calls in flight of one sender, from their start (at most 50 ms early) until they are settled. At 1,000 a second and a round trip of 300 ms
 * they are 380; 256 held such a number to 771 a second.
 */
const SENDER_MAX_CALLS = 512;
const SECOND_MS = 1_000;
/** Keys of a limit outlive its period by this much: longer than any call, so that a call under way still finds its place. */
export const LIMIT_LINGER_MS = 120_000;

/** What of a sender's account bears on its limits. */
export interface Limited {
  id: string;
  platform: string;
  throughput: number;
  limits: readonly NamedLimit[];
  portfolio: { id: string; limits: readonly NamedLimit[] } | undefined;
}

/** Throughput of the number, the named limits of sender and portfolio, and the cap on calls in flight. */
export function limitsOf(sender: Limited): Limit[] {
  const named =
    (scope: string) =>
    (limit: NamedLimit): Limit => ({
      kind: 'rolling',
      name: limit.name,
      scope,
      count: limit.count,
      perMs: limit.per,
      pace: limit.pace,
    });
  return [
    {
      kind: 'rolling',
      name: `${sender.platform}.throughput`,
      scope: sender.id,
      count: sender.throughput,
      perMs: SECOND_MS,
      pace: 'even',
    },
    ...sender.limits.map(named(sender.id)),
    ...(sender.portfolio?.limits ?? []).map(named(sender.portfolio?.id ?? '')),
    { kind: 'concurrency', name: 'calls', scope: sender.id, count: SENDER_MAX_CALLS },
  ];
}

/** Limits as a script reads them: two keys each … */
export const limitKeyList = (namespace: string, home: string, limits: readonly Limit[]): string[] =>
  limits.flatMap(({ scope, name }) => {
    const keys: LimitKeys = limitKeys(namespace, home, scope, name);
    return [keys.state, keys.times];
  });

/** … and how many, then kind, count, period (µs) and pace of each. */
export const limitArguments = (limits: readonly Limit[]): (string | number)[] => [
  limits.length,
  ...limits.flatMap((limit): (string | number)[] => [
    limit.kind,
    limit.kind === 'pair' ? 1 : limit.count,
    limit.kind === 'concurrency' ? 0 : limit.perMs * 1_000,
    limit.kind === 'rolling' ? limit.pace : 'burst',
  ]),
];
