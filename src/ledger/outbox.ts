// The outbox of a home: what has moved and customers want to be told, written by the scripts that move it (lua/_outbox.lua). A relay takes
// entries on in cuts: the same cut until it is cleared, so that what is made of it has the same ids however often it is made.
import type { Clock } from '../base/clock.ts';
import { ask, type Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import { outboxKeys, toldKey } from './keys.ts';
import { type Result, readLines } from './results.ts';

const claimScript = loadScript(import.meta.dirname, 'lua/claim-outbox.lua');
const clearScript = loadScript(import.meta.dirname, 'lua/clear-outbox.lua');

/** Entries in one cut; each holds at most what one script has moved. */
const CUT_MAX_ENTRIES = 100;
/** A relay that says nothing for so long is followed by another. */
const LEASE_US = 10_000_000;
/** Homes asked about in one write to Redis. */
const HOMES_AT_ONCE = 256;
/** Homes whose hint is taken at a time. */
const HINTS_MAX_HOMES = 500;
/** With so many entries that nobody takes on, nothing new is started, and receipts wait in the log. */
const OUTBOX_MAX_ENTRIES = 20_000;
/** Whether an outbox is full is asked for this often. */
const ROOM_FRESH_US = 500_000;
const ROOM_MAX_HOMES = 10_000;

/** What has become of an item. */
export interface ToldMove {
  sequence: number;
  /** The status byte it moved to. */
  to: string;
  try: number;
  result: Result;
}

/** What has become of a job: `accepted`, `paused`, `completed` … */
export interface ToldJob {
  sequence: number;
  what: string;
  atMs: number;
}

/** Something of a sender must wait: its number, its credentials, its portfolio or a template. */
export interface ToldHold {
  /** As the home's holds call it. */
  field: string;
  code: string;
  untilMs: number;
  atMs: number;
}

export interface ToldEntry {
  id: string;
  jobs: { job: string; told: (ToldMove | ToldJob)[] }[];
  senders: { sender: string; told: ToldHold[] }[];
}

export interface Cut {
  /** Names the cut in `clear`. */
  last: string;
  entries: ToldEntry[];
}

export interface Outbox {
  /** The oldest entries; undefined when there are none, or another relay has them. */
  claim(home: string, owner: string): Promise<Cut | undefined>;
  /** Ends a cut. Says whether there is more. */
  clear(home: string, owner: string, last: string): Promise<boolean>;
  /** Those of these homes that have something in their outbox. */
  filled(homes: readonly string[]): Promise<string[]>;
  /** Homes with something new. Each is told once. */
  takeHints(): Promise<string[]>;
}

export function createOutbox(redis: Redis, namespace: string): Outbox {
  const keysOf = (home: string) => Object.values(outboxKeys(namespace, home));
  return {
    claim: async (home, owner) => {
      const args = ['', owner, LEASE_US, CUT_MAX_ENTRIES];
      const [last, entries] = await redis.run<[string, RawEntry[]]>(claimScript, keysOf(home), args);
      return last === '' ? undefined : { last, entries: entries.map(entryOf) };
    },
    clear: async (home, owner, last) =>
      (await redis.run<number>(clearScript, keysOf(home), [owner, last])) === 1,
    filled: async (homes) => {
      const found: string[] = [];
      for (let i = 0; i < homes.length; i += HOMES_AT_ONCE) {
        const some = homes.slice(i, i + HOMES_AT_ONCE);
        const there = await Promise.all(
          some.map((home) => ask(redis.client.exists(outboxKeys(namespace, home).outbox))),
        );
        found.push(...some.filter((_, at) => there[at] === 1));
      }
      return found;
    },
    takeHints: () => redis.client.spop(toldKey(namespace), HINTS_MAX_HOMES),
  };
}

/** Whether a home tells faster than its outbox is emptied. Costs nothing where nobody is told anything. */
export type OutboxFull = (home: string) => boolean | Promise<boolean>;

export function createOutboxFull(
  redis: Redis,
  namespace: string,
  clock: Pick<Clock, 'monotonicUs'>,
  toldOf: (home: string) => string,
): OutboxFull {
  const known = new Map<string, { full: Promise<boolean>; untilUs: number }>();
  return (home) => {
    if (toldOf(home) === '') return false;
    const nowUs = clock.monotonicUs();
    const before = known.get(home);
    if (before && before.untilUs > nowUs) return before.full;
    if (known.size >= ROOM_MAX_HOMES) known.clear();
    const full = isOutboxFull(redis, namespace, home);
    known.set(home, { full, untilUs: nowUs + ROOM_FRESH_US });
    full.catch(() => known.delete(home));
    return full;
  };
}

export const isOutboxFull = async ({ client }: Redis, namespace: string, home: string): Promise<boolean> =>
  (await ask(client.xlen(outboxKeys(namespace, home).outbox))) >= OUTBOX_MAX_ENTRIES;

/** Says that something was told. A lost hint costs seconds. */
export function hintTold({ client }: Redis, namespace: string, home: string): void {
  client.sadd(toldKey(namespace), home).catch(() => {});
}

type RawEntry = [id: string, fields: string[]];

function entryOf([id, fields]: RawEntry): ToldEntry {
  const jobs: ToldEntry['jobs'] = [];
  const senders: ToldEntry['senders'] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [name = '', text = ''] = fields.slice(i, i + 2);
    if (name.startsWith(SENDER)) senders.push({ sender: name.slice(SENDER.length), told: holdsOf(text) });
    else jobs.push({ job: name, told: linesOf(text) });
  }
  return { id, jobs, senders };
}

/** In place of a job's id, before that of a sender. */
const SENDER = 'sender:';

const holdsOf = (text: string): ToldHold[] =>
  text.split('\n').flatMap((line) => {
    if (!line.startsWith('%')) return [];
    const [code = '', until, at, field = ''] = line.slice(1).split('\t');
    return [{ field, code, untilMs: Number(until), atMs: Number(at) }];
  });

function linesOf(text: string): (ToldMove | ToldJob)[] {
  const [first, ...lines] = text.split('\n');
  return lines
    .filter((line) => line !== '')
    .flatMap((line, i): (ToldMove | ToldJob)[] => {
      const sequence = Number(first) + i;
      if (line.startsWith('!')) {
        const [what = '', at] = line.slice(1).split('\t');
        return [{ sequence, what, atMs: Number(at) }];
      }
      const comma = line.indexOf(',');
      const [result] = readLines(`${line.slice(comma + 1)}\n`).values();
      return result ? [{ sequence, to: line.charAt(0), try: Number(line.slice(1, comma)), result }] : [];
    });
}
