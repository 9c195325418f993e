// Jobs of one row that go to the platform's management calls, not to a lane: templates and media. They stand in one sorted set by when to look
// at them next; who takes one holds a lease on it, so that a process that dies leaves it to the others.
import type { Clock } from '../base/clock.ts';
import { ask, type Redis } from '../base/redis.ts';
import type { SealRecord } from '../contract/record.ts';
import { submissionsKey } from './keys.ts';

/** Longer than any call, its answer and what is written of it. */
const LEASE_MS = 180_000;

export interface Submission {
  home: string;
  job: string;
  /** How it stands in the set. */
  member: string;
}

type SubmissionName = Pick<SealRecord, 'created_at' | 'job' | 'home'>;

export interface Submissions {
  /** Repeatable: one that is there stays where it is. */
  add(seal: SealRecord): Promise<void>;
  /** Takes some of those that are due, at most `most`. */
  take(most: number): Promise<Submission[]>;
  /** Looked at again at `atMs` (unix ms), by whoever comes. */
  later(one: Submission, atMs: number): Promise<void>;
  /** Its call was made once more; how often in all. */
  tried(one: Submission): Promise<number>;
  done(one: Submission): Promise<void>;
  /** Unix ms at which it is looked at next, now while its call is under way; undefined: it is none. */
  dueMs(name: SubmissionName): Promise<number | undefined>;
}

export function createSubmissions(redis: Redis, namespace: string, clock: Clock): Submissions {
  const key = submissionsKey(namespace);
  const leaseOf = (member: string): string => `${key}:lease:${member}`;
  const triesOf = (member: string): string => `${key}:tries:${member}`;
  return {
    add: async (seal) => {
      await ask(redis.client.zadd(key, 'NX', clock.now(), memberOf(seal)));
    },
    take: async (most) => {
      const due = await ask(redis.client.zrangebyscore(key, '-inf', clock.now(), 'LIMIT', 0, most));
      const taken: Submission[] = [];
      for (const member of due) {
        const lease = await ask(redis.client.set(leaseOf(member), '1', 'PX', LEASE_MS, 'NX'));
        const [, job = '', home = ''] = member.split(' ');
        if (lease !== 'OK') continue;
        // Whoever looks next sees others; and this one again, should we die.
        await ask(redis.client.zadd(key, 'XX', clock.now() + LEASE_MS, member));
        taken.push({ home, job, member });
      }
      return taken;
    },
    later: async ({ member }, atMs) => {
      await ask(redis.client.zadd(key, 'XX', atMs, member));
      await ask(redis.client.del(leaseOf(member)));
    },
    tried: async ({ member }) => {
      const tries = await ask(redis.client.incr(triesOf(member)));
      await ask(redis.client.pexpire(triesOf(member), TRIES_MS));
      return tries;
    },
    done: async ({ member }) => {
      await ask(redis.client.zrem(key, member));
      await ask(redis.client.del(triesOf(member)));
      await ask(redis.client.del(leaseOf(member)));
    },
    dueMs: async (name) => {
      const member = memberOf(name);
      const [score, leased] = await Promise.all([
        ask(redis.client.zscore(key, member)),
        ask(redis.client.exists(leaseOf(member))),
      ]);
      if (leased === 1) return clock.now();
      return score === null ? undefined : Number(score);
    },
  };
}

/** Tries are forgotten after this: what is tried seldomer has waited for something else. */
const TRIES_MS = 7 * 86_400_000;

/** Of those that are due at one time the oldest comes first. */
const memberOf = ({ created_at, job, home }: SubmissionName): string =>
  `${String(created_at).padStart(14, '0')} ${job} ${home}`;
