// What Redis says of its own memory, where the log is elsewhere: on which server it was verified, and how far the log is in it. Redis loses
// the newest first, so whatever was noted here after it was done is done as long as the note is there.
import type { Clock } from '../base/clock.ts';
import { ask, type Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import { memoryKey, memoryLockKey } from './keys.ts';

const standingScript = loadScript(import.meta.dirname, 'lua/standing.lua');
const verifiedScript = loadScript(import.meta.dirname, 'lua/verified.lua');
const markScript = loadScript(import.meta.dirname, 'lua/mark.lua');
const confirmScript = loadScript(import.meta.dirname, 'lua/confirm.lua');

/** A process that holds the lock and says nothing for so long is dead. */
const LOCK_MS = 15_000;
const LOCK_BEAT_MS = 3_000;

/** Topic → partition → offset before which everything is in. */
export type Marks = ReadonlyMap<string, ReadonlyMap<number, number>>;

export interface Standing {
  /** Run id of the server now. */
  run: string;
  /** Of the server that was verified; undefined: none was, or it is forgotten. */
  verified: string | undefined;
  /** A loss was found on this server. */
  lost: boolean;
  marks: Marks;
}

export interface Memory {
  standing(): Promise<Standing>;
  /** Whether the server was verified and has lost nothing. What was read or claimed before the call was so on a verified one. */
  right(): Promise<boolean>;
  /** Ignored on a server that was not verified. */
  mark(topic: string, offsets: ReadonlyMap<number, number | string>): Promise<void>;
  /** False: the server is not the one that was looked at. */
  confirm(run: string, marks: Marks): Promise<boolean>;
  noteLost(run: string): Promise<void>;
  /** Runs `work` while no other process runs its own; undefined when one does. */
  alone<T>(work: () => Promise<T>): Promise<T | undefined>;
}

export function createMemory(redis: Redis, namespace: string, clock: Clock): Memory {
  const { client } = redis;
  const key = memoryKey(namespace);
  const lock = memoryLockKey(namespace);
  const hold = async (owner: string, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      await clock.delay(LOCK_BEAT_MS, signal);
      if (!signal.aborted) await client.set(lock, owner, 'PX', LOCK_MS).catch(() => {});
    }
  };
  return {
    standing: async () => {
      const [run = '', ...pairs] = await redis.run<string[]>(standingScript, [key], []);
      const fields: Record<string, string> = {};
      for (let i = 0; i + 1 < pairs.length; i += 2) fields[pairs[i] ?? ''] = pairs[i + 1] ?? '';
      return { run, verified: fields.run, lost: fields.lost === run, marks: marksOf(fields) };
    },
    right: async () => (await redis.run<number>(verifiedScript, [key], [])) === 1,
    mark: async (topic, offsets) => {
      if (offsets.size > 0) await redis.run(markScript, [key], argumentsOf([[topic, offsets]]));
    },
    confirm: async (run, marks) =>
      (await redis.run<number>(confirmScript, [key], [run, ...argumentsOf(marks)])) === 1,
    noteLost: async (run) => void (await ask(client.hset(key, 'lost', run))),
    alone: async (work) => {
      const owner = clock.randomHex(8);
      if ((await ask(client.set(lock, owner, 'PX', LOCK_MS, 'NX'))) !== 'OK') return undefined;
      const done = new AbortController();
      const holding = hold(owner, done.signal);
      try {
        return await work();
      } finally {
        done.abort();
        await holding;
        if ((await client.get(lock).catch(() => '')) === owner) await client.del(lock).catch(() => {});
      }
    },
  };
}

type Offsets = Iterable<readonly [topic: string, offsets: ReadonlyMap<number, number | string>]>;

const argumentsOf = (marks: Offsets): (string | number)[] =>
  [...marks].flatMap(([topic, offsets]) =>
    [...offsets].flatMap(([partition, offset]) => [`${topic}:${partition}`, offset]),
  );

function marksOf(fields: Record<string, string>): Marks {
  const marks = new Map<string, Map<number, number>>();
  for (const [field, offset] of Object.entries(fields)) {
    const [topic = '', partition] = field.split(':');
    if (partition === undefined) continue;
    const own = marks.get(topic) ?? new Map<number, number>();
    marks.set(topic, own.set(Number(partition), Number(offset)));
  }
  return marks;
}
