// What is to be looked through for forgotten people: all jobs of a workspace, or one job. A request waits in a sorted set; a pass that has begun
// stands in a hash until it has ended, so that who is forgotten meanwhile gets one of their own.
import { ask, type Redis } from '../base/redis.ts';
import type { Environment } from '../contract/environment.ts';
import { contactKeys, erasingKeys, type Owner } from './keys.ts';

/** By then every process knows that the workspace has forgotten people, and starts nothing for them. */
const SETTLE_MS = 1_000;
/** Passes that wait; the earliest are begun first. */
const PASSES_AT_ONCE = 20;

/** What a pass looks through. */
export type Erasing = { owner: Owner } | { job: string; home: string };

/** How far it is. */
export interface Reached {
  /** When it began: later jobs are of people who came back. Unix ms. */
  since: number;
  /** Of a workspace, the last job that was looked through; of a job, the next chunk. */
  after?: { createdMs: number; id: string };
  chunk?: number;
  /** Something was under way, or kept changing: another pass is due. */
  again?: boolean;
}

const OWNER = 'workspace';
const JOB = 'job';

const memberOf = (what: Erasing): string =>
  'owner' in what
    ? [OWNER, what.owner.workspace, what.owner.environment].join(' ')
    : [JOB, what.job, what.home].join(' ');

function erasingOf(member: string): Erasing {
  const [kind, first = '', second = ''] = member.split(' ');
  if (kind === JOB) return { job: first, home: second };
  return { owner: { workspace: first, environment: second as Environment } };
}

/** Asks for a pass from `dueMs` on; one that waits already is enough. */
export async function askErasing(
  { client }: Redis,
  namespace: string,
  what: Erasing,
  dueMs: number,
): Promise<void> {
  await ask(client.zadd(erasingKeys(namespace).asked, 'LT', dueMs + SETTLE_MS, memberOf(what)));
}

/** When somebody was last forgotten: unix ms; undefined: nobody. */
export async function lastForgotten(
  { client }: Redis,
  namespace: string,
  owner: Owner,
): Promise<number | undefined> {
  const [, at] = await ask(client.zrevrange(contactKeys(namespace, owner).forgotten, 0, 0, 'WITHSCORES'));
  return at === undefined ? undefined : Number(at);
}

/** The passes that have begun, and those whose time it is. */
export async function duePasses(
  { client }: Redis,
  namespace: string,
  nowMs: number,
): Promise<{ what: Erasing; reached: Reached }[]> {
  const { asked, begun } = erasingKeys(namespace);
  const due = await ask(client.zrangebyscore(asked, '-inf', nowMs, 'LIMIT', 0, PASSES_AT_ONCE));
  const going = await ask(client.hgetall(begun));
  for (const member of due.slice(0, Math.max(0, PASSES_AT_ONCE - Object.keys(going).length))) {
    if (going[member] !== undefined) continue;
    going[member] = JSON.stringify({ since: nowMs } satisfies Reached);
    // The pass first: killed in between, another one follows.
    await ask(client.hset(begun, member, going[member]));
    await ask(client.zrem(asked, member));
  }
  return Object.entries(going).map(([member, text]) => ({
    what: erasingOf(member),
    reached: JSON.parse(text) as Reached,
  }));
}

/** `reached` undefined: it has ended. */
export async function notePass(
  { client }: Redis,
  namespace: string,
  what: Erasing,
  reached: Reached | undefined,
): Promise<void> {
  const { begun } = erasingKeys(namespace);
  await ask(
    reached
      ? client.hset(begun, memberOf(what), JSON.stringify(reached))
      : client.hdel(begun, memberOf(what)),
  );
}
