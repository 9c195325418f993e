// Which people a messaging limit counts already: they go free, so they wait for it no more than it waits for them.
import type { Sender } from '../accounts/port.ts';
import type { PersonOf } from '../base/person.ts';
import { ask, type Redis } from '../base/redis.ts';
import { limitKeys, windowKey } from '../pacing/keys.ts';
import { type LimitUse, usedOf } from '../pacing/use.ts';

/** So many of the next messages tell how many of the rest are for new people. */
export const SAMPLE_ROWS = 64;

export interface PeopleOptions {
  redis: Redis;
  namespace: string;
  personOf: PersonOf;
}

/** The messaging limit of a lane, if it has one. */
export const tierOf = (uses: readonly LimitUse[]): LimitUse | undefined =>
  uses.find(({ limit }) => limit.kind === 'unique');

export const isFull = (use: LimitUse, nowUs: number): boolean => usedOf(use, nowUs) >= use.count;

/** Whether each of these numbers (E.164) is counted, or within its customer service window. */
export async function arePeopleFree(
  { redis, namespace, personOf }: PeopleOptions,
  sender: Sender,
  { limit }: LimitUse,
  nowUs: number,
  numbers: readonly string[],
): Promise<boolean[]> {
  if (numbers.length === 0) return [];
  const people = numbers.map((to) => personOf(sender.workspace, to));
  const { state } = limitKeys(namespace, sender.home, limit.scope, limit.name);
  const [scores, windows] = await Promise.all([
    ask(redis.client.zmscore(state, ...people)),
    ask(redis.client.zmscore(windowKey(namespace, sender.home, sender.id), ...people)),
  ]);
  const sinceUs = limit.kind === 'unique' ? nowUs - limit.perMs * 1_000 : nowUs;
  return people.map((_, i) => Number(scores[i] ?? 0) > sinceUs || Number(windows[i] ?? 0) > nowUs);
}

/**
 * The limit as it is for messages of which only a part is for new people: each of its places is good for so many more. Undefined: it
 * binds none of them.
 */
export function tierFor(use: LimitUse, newPart: number): LimitUse | undefined {
  if (newPart * SAMPLE_ROWS < 1) return undefined;
  const scaled = (count: number): number => count / newPart;
  const releases = use.releases.map(({ atUs, count }) => ({ atUs, count: scaled(count) }));
  return { ...use, count: scaled(use.count), held: scaled(use.held), releases };
}
