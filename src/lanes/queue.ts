// Reads what waits in the lanes of one home: the cursors, in their order, and the items that wait alone. Changes nothing, and costs the same
// for ten rows and a million: a lane's first cursors of each priority are read, and so many of its items.
import { ask, type Redis } from '../base/redis.ts';
import { PRIORITIES, type Priority } from '../contract/job.ts';
import { readStanding, type Standing } from './cursor.ts';
import { type LaneId, laneKeys, lanesKey } from './keys.ts';

/** Lanes of one home that are looked at; with more, the forecast of a shared limit is too early. */
const MAX_LANES = 32;
const MAX_CURSORS = 64;
const MAX_LATER = 64;

export interface QueuedCursor extends Standing {
  name: string;
  /** 0 high … 2 bulk. */
  priority: number;
  /** It is put aside until then (µs), by its own times or because its template is held; 0: it stands in its queue. */
  asideUs: number;
}

export interface Queue {
  sender: string;
  cursors: QueuedCursor[];
  /** Items that wait alone, "job:index", by when they are due (µs); how many there are in all. */
  later: { member: string; dueUs: number }[];
  laterCount: number;
}

/** The lanes of a home that have work, and that of one sender at least. */
export async function readQueues(
  redis: Redis,
  namespace: string,
  home: string,
  sender: string | undefined,
): Promise<Queue[]> {
  const busy = await ask(redis.client.zrange(lanesKey(namespace, home), '0', String(MAX_LANES - 1)));
  const senders = [...new Set([...(sender === undefined ? [] : [sender]), ...busy])];
  return Promise.all(senders.map((one) => readQueue(redis, namespace, home, one)));
}

async function readQueue(redis: Redis, namespace: string, home: string, sender: string): Promise<Queue> {
  const { client } = redis;
  const keys = laneKeys(namespace, { home, sender });
  const [queues, scheduled, later, laterCount] = await Promise.all([
    Promise.all(keys.queues.map((queue) => ask(client.lrange(queue, 0, MAX_CURSORS - 1)))),
    ask(client.zrange(keys.scheduled, '0', String(MAX_CURSORS - 1), 'WITHSCORES')),
    ask(client.zrange(keys.later, '0', String(MAX_LATER - 1), 'WITHSCORES')),
    ask(client.zcard(keys.later)),
  ]);
  const named = [
    ...queues.flatMap((names, priority) => names.map((name) => ({ name, priority, asideUs: 0 }))),
    ...pairsOf(scheduled).map(([member, atUs]) => {
      const [priority, name = ''] = member.split(' ');
      return { name, priority: PRIORITIES.indexOf(priority as Priority), asideUs: Number(atUs) };
    }),
  ];
  const texts =
    named.length === 0 ? [] : await ask(client.hmget(keys.cursors, ...named.map(({ name }) => name)));
  return {
    sender,
    cursors: named.flatMap((one, i) => (texts[i] ? [{ ...one, ...readStanding(texts[i]) }] : [])),
    later: pairsOf(later).map(([member, due]) => ({ member, dueUs: Number(due) })),
    laterCount,
  };
}

const pairsOf = (flat: readonly string[]): [string, string][] =>
  flat.flatMap((text, i): [string, string][] => (i % 2 === 0 ? [[text, flat[i + 1] ?? '']] : []));

/** Why an item waits alone, by the letter behind its name in the lane's later set (take.lua, settle.lua). */
const WHY = { r: 'retry', p: 'pair', u: 'person', m: 'people', t: 'template' } as const;
const LETTERS = Object.keys(WHY) as (keyof typeof WHY)[];

export interface WaitsAlone {
  why: (typeof WHY)[keyof typeof WHY];
  dueUs: number;
}

/** What each of these items ("job:index") waits for alone; undefined: it does not wait alone. */
export async function readLater(
  redis: Redis,
  namespace: string,
  lane: LaneId,
  items: readonly string[],
): Promise<(WaitsAlone | undefined)[]> {
  if (items.length === 0) return [];
  const members = items.flatMap((item) => LETTERS.map((letter) => `${item}:${letter}`));
  const scores = await ask(redis.client.zmscore(laneKeys(namespace, lane).later, ...members));
  return items.map((_item, i) => {
    const own = scores.slice(i * LETTERS.length, (i + 1) * LETTERS.length);
    const at = own.findIndex((score) => score !== null);
    const letter = LETTERS[at];
    return letter && { why: WHY[letter], dueUs: Number(own[at]) };
  });
}

/** Why a member of the later set waits. */
export const whyOf = (member: string): WaitsAlone['why'] =>
  WHY[member.slice(member.lastIndexOf(':') + 1) as keyof typeof WHY] ?? 'retry';
