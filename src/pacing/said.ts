// What a platform says by itself, as pacing keeps it: who wrote to a number, and what must wait.
import { ask, type Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import { holdsKey, limitKeys, restKey, saidKey, windowKey } from './keys.ts';

const heardScript = loadScript(import.meta.dirname, 'lua/heard.lua');
const holdScript = loadScript(import.meta.dirname, 'lua/say-hold.lua');

/** After a person's last message, replies are free for so long. */
const WINDOW_MS = 24 * 3_600_000;

export interface Heard {
  home: string;
  sender: string;
  platform: string;
  /** Messages that arrived together, at this time (unix ms). */
  count: number;
  arrivedMs: number;
  /** Who wrote (person keys), and when by the platform's clock (unix ms). */
  persons: ReadonlyMap<string, number>;
}

export interface Hearing {
  /** Places of the throughput that are kept for what comes in. */
  guard: number;
  /** Windows that were not open before: replies that wait for a place of the messaging limit may go. */
  opened: number;
}

/** Opens the customer service windows, and keeps places of the number's throughput for what comes in. */
export async function hear(
  redis: Redis,
  namespace: string,
  { home, sender, platform, count, arrivedMs, persons }: Heard,
): Promise<Hearing> {
  const [guard, opened] = await redis.run<[number, number]>(
    heardScript,
    [windowKey(namespace, home, sender), limitKeys(namespace, home, sender, `${platform}.throughput`).state],
    [
      '',
      Math.floor(arrivedMs / 1_000),
      count,
      ...[...persons].flatMap(([person, atMs]) => [person, ((atMs + WINDOW_MS) * 1_000).toFixed(0)]),
    ],
  );
  return { guard, opened };
}

/** `field`: one of `holdFields`. */
export interface SaidHold {
  home: string;
  field: string;
  /** Unix ms; undefined: it need not wait any more. */
  untilMs: number | undefined;
  code: string;
  /** When it was said, unix ms: an older word does not replace a newer one. */
  saidMs: number;
  /** A hold that ends later stays. */
  atLeast?: boolean;
}

/** Resolves with whether it changed anything. */
export async function sayHold(
  redis: Redis,
  namespace: string,
  { home, field, untilMs, code, saidMs, atLeast = false }: SaidHold,
): Promise<boolean> {
  const untilUs = untilMs === undefined ? '0' : (untilMs * 1_000).toFixed(0);
  // A code is a word; what stands between bars must not hold one.
  const word = code.replace(/[^\w.-]/g, '_');
  const keys = [holdsKey(namespace, home), saidKey(namespace, home)];
  const args = ['', field, untilUs, word, saidMs, atLeast ? '1' : '0'];
  return (await redis.run<number>(holdScript, keys, args)) === 1;
}

/** No marketing goes to this person before `untilMs`. A rest that ends later stays. */
export async function sayRest(
  redis: Redis,
  namespace: string,
  home: string,
  person: string,
  untilMs: number,
): Promise<void> {
  const key = restKey(namespace, home);
  await Promise.all([
    ask(redis.client.zadd(key, 'GT', (untilMs * 1_000).toFixed(0), person)),
    ask(redis.client.pexpireat(key, untilMs, 'NX')),
    ask(redis.client.pexpireat(key, untilMs, 'GT')),
  ]);
}
