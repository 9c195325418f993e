// Who got which template lately, for jobs that ask for it (`unique_within`): one entry of about 90 bytes per person and template, kept for the
// longest time that was asked for. Jobs that do not ask leave no trace here.
import type { Clock } from '../base/clock.ts';
import { ask, type Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import { sha256Hex } from '../base/secret.ts';
import { type Owner, recentKeys } from './keys.ts';

const claimScript = loadScript(import.meta.dirname, 'lua/claim-recent.lua');
const releaseScript = loadScript(import.meta.dirname, 'lua/release-recent.lua');

/** A score is the second of the claim and, below it, the tag of the item. */
const SPAN = 2 ** 21;
const TEMPLATE_LETTERS = 16;
/** Seconds that a list is kept beyond its longest time; claim-recent.lua knows them too. */
const LINGER_S = 60;

/** One item: who it is for (their key), and which it is. */
export interface Claimant {
  person: string;
  job: string;
  index: number;
  /** It was tried before, so a claim may be its own. */
  retried: boolean;
}

/** An item whose person has the message, or may have it, and when. */
export interface Reached extends Omit<Claimant, 'retried'> {
  atMs: number;
}

/** What must be one: a template of a workspace, and within how long. */
export interface Uniqueness extends Owner {
  template: string;
  withinMs: number;
}

export interface Recent {
  /** Whether each of them got it by another item. Of a moment ago: `claim` decides. */
  seen(of: Uniqueness, claimants: readonly Claimant[]): Promise<boolean[]>;
  /** Whether each may go. `lane` and `call` name the call: the same one gets the same answer. */
  claim(of: Uniqueness, lane: string, call: string, claimants: readonly Claimant[]): Promise<boolean[]>;
  /** Sets who got it before Redis forgot it. Repeatable; a later claim stays. */
  restore(of: Uniqueness, reached: readonly Reached[]): Promise<void>;
  /** They did not get it after all. */
  release(of: Uniqueness, claimants: readonly Claimant[]): Promise<void>;
}

export function createRecent(redis: Redis, namespace: string, clock: Pick<Clock, 'now'>): Recent {
  const keysOf = (of: Uniqueness, lane = '') =>
    recentKeys(namespace, of, sha256Hex(of.template).slice(0, TEMPLATE_LETTERS), lane);
  return {
    seen: async (of, claimants) => {
      const { recent } = keysOf(of);
      const scores = await ask(redis.client.zmscore(recent, ...claimants.map(({ person }) => person)));
      const sinceS = Math.ceil(clock.now() / 1_000) - of.withinMs / 1_000;
      return claimants.map((claimant, i) => {
        const score = Number(scores[i] ?? 0);
        return Math.floor(score / SPAN) > sinceS && !(claimant.retried && score % SPAN === tagOf(claimant));
      });
    },
    claim: async (of, lane, call, claimants) => {
      const { recent, said } = keysOf(of, lane);
      const digits = await redis.run<string>(
        claimScript,
        [recent, said],
        [
          '',
          call,
          Math.ceil(of.withinMs / 1_000),
          ...claimants.flatMap((one) => [one.person, tagOf(one), one.retried ? 1 : 0]),
        ],
      );
      return claimants.map((_, i) => digits[i] === '1');
    },
    restore: async (of, reached) => {
      const { recent } = keysOf(of);
      const withinS = Math.ceil(of.withinMs / 1_000);
      const scores = reached.flatMap((one) => [scoreOf(one.atMs, one), one.person]);
      const keepMs = (withinS + LINGER_S) * 1_000;
      await ask(redis.client.zadd(recent, 'GT', withinS, '!', ...scores));
      await ask(redis.client.pexpire(recent, keepMs, 'NX'));
      await ask(redis.client.pexpire(recent, keepMs, 'GT'));
    },
    release: async (of, claimants) => {
      await redis.run(
        releaseScript,
        [keysOf(of).recent],
        claimants.flatMap((one) => [one.person, tagOf(one)]),
      );
    },
  };
}

const scoreOf = (atMs: number, item: Pick<Claimant, 'job' | 'index'>): number =>
  Math.ceil(atMs / 1_000) * SPAN + tagOf(item);

/** 21 bits that tell an item from the few others that may ever claim its person (FNV-1a). */
function tagOf({ job, index }: Pick<Claimant, 'job' | 'index'>): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`${job}:${index}`)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash ^ (hash >>> 21)) & (SPAN - 1);
}
