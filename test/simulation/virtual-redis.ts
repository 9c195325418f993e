// Real Redis in virtual time: one connection for the whole world. Scripts that ask for the time get the world's, and keys that live for a
// moment only live for a moment of the world.
import { createHash } from 'node:crypto';
import { type Redis, type RedisClient, runPatiently } from '../../src/base/redis.ts';
import { allScripts } from '../support/scripts.ts';
import type { Actor } from './actor.ts';
import type { ScriptBug } from './bugs.ts';
import { Channel } from './channel.ts';
import type { World } from './world.ts';

/** An idempotency claim that its holder left is free after this, and not after a minute: as all times here it is short. */
const CLAIM_LEASE_MS = '4000';
const LEASE_ARGUMENT = 5;
const ASKS_THE_TIME = "redis.call('TIME')";
const HEADER = 'local SIMULATED_US = table.remove(ARGV)\n';

interface Told {
  name: string;
  sha: string;
  body: string;
  timed: boolean;
}

export type ScriptBook = ReadonlyMap<string, Told>;

/** All scripts by their digest, as the world runs them. */
export function scriptBook(bugs: readonly ScriptBug[] = []): ScriptBook {
  return new Map(
    allScripts().map(({ name, sha, body }) => {
      let text = body;
      for (const { script, from, to } of bugs) {
        if (script !== name) continue;
        if (!text.includes(from)) throw new Error(`${name} does not say ${from}`);
        text = text.replace(from, () => to);
      }
      const timed = text.includes(ASKS_THE_TIME);
      if (timed) {
        const shebang = /^#!.*\n/.exec(text)?.[0] ?? '';
        const rest = text.slice(shebang.length).replaceAll(ASKS_THE_TIME, 'simulated_time()');
        text = `${shebang}${HEADER}local function simulated_time() return { SIMULATED_US:sub(1, -7), SIMULATED_US:sub(-6) } end\n${rest}`;
      }
      return [sha, { name, sha: createHash('sha1').update(text).digest('hex'), body: text, timed }];
    }),
  );
}

export class VirtualRedis {
  readonly #world: World;
  readonly #real: RedisClient;
  readonly #book: ScriptBook;
  readonly #keys = new Set<string>();
  readonly #ends = new Map<string, number>();
  /** Hears what each script that was run has answered. */
  onScript: (name: string, keys: string[], args: unknown[], reply: unknown, actor: Actor) => void = () => {};

  constructor(world: World, real: RedisClient, book: ScriptBook) {
    this.#world = world;
    this.#real = real;
    this.#book = book;
  }

  /** What the actor sees of it. */
  of(actor: Actor): Redis {
    const channel = new Channel(this.#world, actor);
    const command = (label: string, carryOut: () => Promise<unknown>) =>
      channel.send({ label, carryOut, lost: () => new Error('the connection is closed') });
    const methods = {
      evalsha: (sha: string, count: number, ...rest: unknown[]) => {
        const script = this.#book.get(sha);
        if (!script) throw new Error('an unknown script');
        const keys = rest.slice(0, count) as string[];
        return command(script.name, () => this.#script(script, keys, rest.slice(count), actor));
      },
    } as Record<string, unknown>;
    const client = new Proxy(methods, {
      get: (known, name) =>
        name in known || typeof name !== 'string' || name === 'then'
          ? known[name as string]
          : (...args: unknown[]) => command(name, () => this.#plain(name, args)),
    }) as unknown as RedisClient;
    return {
      client,
      run: (script, keys, args, patienceMs = 2_000) =>
        runPatiently(client, actor.clock, script, keys, args, patienceMs),
      blocking: () => client,
      ping: () => Promise.resolve(true),
      close: () => Promise.resolve(),
    };
  }

  /** Forgets all that the world has written. */
  async clear(): Promise<void> {
    if (this.#keys.size > 0) await this.#real.unlink(...this.#keys);
  }

  async #script(script: Told, keys: string[], args: unknown[], actor: Actor): Promise<unknown> {
    await this.#expire();
    for (const key of keys) this.#keys.add(key);
    if (script.name === 'claim') args[LEASE_ARGUMENT] = CLAIM_LEASE_MS;
    const all = [...keys, ...args, ...(script.timed ? [this.#world.nowUs.toFixed(0)] : [])] as string[];
    const reply = await this.#run(script, keys.length, all);
    this.onScript(script.name, keys, args, reply, actor);
    return reply;
  }

  async #run(script: Told, count: number, all: string[]): Promise<unknown> {
    try {
      return await this.#real.evalsha(script.sha, count, ...all);
    } catch (error) {
      if (!String(error).includes('NOSCRIPT')) throw error;
      return this.#real.eval(script.body, count, ...all);
    }
  }

  async #plain(name: string, args: unknown[]): Promise<unknown> {
    await this.#expire();
    const { nowUs } = this.#world;
    if (name === 'time') return [Math.floor(nowUs / 1_000_000), nowUs % 1_000_000];
    const key = String(args[0]);
    this.#keys.add(key);
    if (name === 'pexpire') return this.#ends.has(key) ? this.#endAfter(key, Number(args[1])) : 0;
    const at = name === 'set' ? args.indexOf('PX') : -1;
    const real = this.#real as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    const reply = await real[name]?.(...(at < 0 ? args : args.toSpliced(at, 2)));
    if (at >= 0 && reply === 'OK') this.#endAfter(key, Number(args[at + 1]));
    return reply;
  }

  #endAfter(key: string, ms: number): number {
    this.#ends.set(key, this.#world.nowUs + ms * 1_000);
    return 1;
  }

  async #expire(): Promise<void> {
    const over = [...this.#ends].filter(([, endUs]) => endUs <= this.#world.nowUs).map(([key]) => key);
    if (over.length === 0) return;
    await this.#real.unlink(...over);
    for (const key of over) this.#ends.delete(key);
  }
}
