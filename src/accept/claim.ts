// The idempotency claim: one key, one body, one job. A try holds it under a lease; what becomes of it is one script each.
import type { Clock } from '../base/clock.ts';
import { ask, type Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import type { SealRecord } from '../contract/record.ts';
import { forgetful, type MemoryRight } from '../memory/forgetful.ts';
import { claimKeyOf, type idempotencyKeys } from './keys.ts';
import type { TemplateFacts } from './known-templates.ts';

/** A try that has not ended after this long is taken for dead. Longer than any append is waited for (30 s), so only the dead are. */
const LEASE_MS = 60_000;
/** A try that never ended binds its key to its body for so long after its lease: then another body may have it. */
const STUCK_MS = 3_600_000;
/** The lists of a 202 are kept this long after it. */
const REPLY_MS = 24 * 3_600_000;
/** A key is bound to its body and job this long. */
const MEMORY_MS = 30 * 24 * 3_600_000;

const OWNER_BYTES = 12;
/** claim.lua: an earlier try had this body; one had another. */
const AGAIN = ['1', '3'];
const TAKEN = ['2', '3'];
const CLAIM = loadScript(import.meta.dirname, 'lua/claim.lua');
const DONE = loadScript(import.meta.dirname, 'lua/done.lua');
const RESTORE = loadScript(import.meta.dirname, 'lua/restore-claim.lua');
const RELEASE = loadScript(import.meta.dirname, 'lua/release.lua');

export interface ClaimOrder {
  keys: ReturnType<typeof idempotencyKeys>;
  fingerprint: Buffer;
  /** Made up by us: nobody can send it again, so it is forgotten at the end. */
  keyless: boolean;
  job: string;
  home: string;
}

/** A claim that is ours: `job`, `home` and `createdMs` are those of its first try. */
export interface Held extends ClaimOrder {
  owner: string;
  createdMs: number;
  /** What an earlier try found of templates; undefined: this is the first. */
  templates: TemplateFacts | undefined;
  /** An earlier try with another body never ended. Whose the job is, its row says. */
  taken: boolean;
}

export type Claimed =
  | { state: 'held'; held: Held }
  | { state: 'done'; job: string; home: string; reply: string }
  | { state: 'busy'; leftMs: number }
  | { state: 'mismatch' }
  | { state: 'absent' };

export interface Claims {
  /** An empty `job` only looks: a key that nobody holds stays free (`absent`). */
  claim(order: ClaimOrder): Promise<Claimed>;
  /** Keeps what was found wrong with templates: a later try goes by it. */
  note(held: Held, facts: TemplateFacts): Promise<void>;
  /** The lease from now on. False: another try holds the claim. */
  renew(held: Held): Promise<boolean>;
  /** The log has the job. When another try was faster, what that one left is the answer. */
  done(held: Held, reply: string): Promise<Claimed>;
  /** The job is another body's: the key is bound to that one, whatever it says now. */
  yieldTo(held: Held, seal: SealRecord): Promise<void>;
  /** `unsure`: the log may have the job, so the key stays bound to it. Never throws: the lease ends what this could not. */
  release(held: Held, unsure: boolean): Promise<void>;
}

/** `right`: whether Redis knows all keys. While it does not, none is taken: who had one would get a second job. */
export function createClaims(redis: Redis, clock: Clock, right?: MemoryRight): Claims {
  const release: Claims['release'] = async (held, unsure) => {
    await redis.run(RELEASE, [held.keys.claim], [held.owner, unsure ? 1 : 0]).catch(() => {});
  };
  return {
    release,
    claim: async (order) => {
      const owner = clock.randomHex(OWNER_BYTES);
      const args = argumentsOf({ ...order, owner, createdMs: clock.now() });
      // Asked on one connection, the claim first: what it found was there on a Redis that is right.
      const [answer, known] = await Promise.all([
        redis.run<string[]>(CLAIM, [order.keys.claim, order.keys.reply], args),
        right?.() ?? true,
      ]);
      const [state, job, home, created, resumed = '0', facts] = answer;
      const first = { job: text(job), home: text(home), createdMs: Number(created) };
      const templates = AGAIN.includes(resumed) ? (JSON.parse(facts || '{}') as TemplateFacts) : undefined;
      const held = { ...order, ...first, owner, templates, taken: TAKEN.includes(resumed) };
      if (known || (state !== 'claimed' && state !== 'absent'))
        return state === 'claimed' ? { state: 'held', held } : elsewhere(answer);
      if (state === 'claimed') await release(held, false);
      throw forgetful();
    },
    note: async ({ keys }, facts) => {
      await ask(redis.client.hset(keys.claim, 't', JSON.stringify(facts)));
    },
    renew: async (held) => {
      const { claim, reply } = held.keys;
      return (await redis.run<string[]>(CLAIM, [claim, reply], argumentsOf(held)))[0] === 'claimed';
    },
    yieldTo: async ({ keys }, seal) => {
      await ask(redis.client.del(keys.claim));
      await bind(redis, keys.claim, seal);
    },
    done: async (held, reply) => {
      const args = [
        held.fingerprint,
        held.owner,
        held.job,
        held.home,
        reply,
        REPLY_MS,
        held.keyless ? 0 : MEMORY_MS,
      ];
      return elsewhere(await redis.run<string[]>(DONE, [held.keys.claim, held.keys.reply], args));
    },
  };
}

/** Binds a key to its body and job again, from the seal in the log. Repeatable. */
export async function restoreClaim(redis: Redis, namespace: string, seal: SealRecord): Promise<void> {
  const { claim, workspace } = seal;
  if (claim !== undefined) await bind(redis, claimKeyOf(namespace, workspace, claim), seal);
}

async function bind(
  redis: Redis,
  key: string,
  { fingerprint, request = fingerprint, job, home, created_at }: SealRecord,
): Promise<void> {
  const args = [Buffer.from(request, 'hex'), job, home, created_at + MEMORY_MS];
  await redis.run(RESTORE, [key], args);
}

/** As claim.lua names them. */
const argumentsOf = (held: ClaimOrder & Pick<Held, 'owner' | 'createdMs'>) => [
  held.fingerprint,
  held.owner,
  held.job,
  held.home,
  held.createdMs,
  LEASE_MS,
  held.keyless ? LEASE_MS : MEMORY_MS,
  STUCK_MS,
];

function elsewhere(answer: string[]): Claimed {
  const [state, first, second, third] = answer;
  if (state === 'done') return { state, job: text(first), home: text(second), reply: text(third) };
  if (state === 'busy') return { state, leftMs: Number(first ?? 0) };
  return { state: state === 'mismatch' ? 'mismatch' : 'absent' };
}

const text = (value: string | undefined): string => value ?? '';
