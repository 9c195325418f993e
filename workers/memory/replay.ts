// What the log says of calls → items, limits and sets of people, a batch of the log at a time. Repeatable, and changes nothing in a Redis that
// knows it all.
import type { Sender } from '../../src/accounts/port.ts';
import type { PersonOf } from '../../src/base/person.ts';
import { ask, type Redis } from '../../src/base/redis.ts';
import { loadScript } from '../../src/base/script.ts';
import {
  type AttemptsRecord,
  attemptsRecordSchema,
  type SettledEntry,
  type SettledItem,
  type StartedEntry,
} from '../../src/contract/attempt.ts';
import type { SealRecord } from '../../src/contract/record.ts';
import { chunkKeys, jobKeys, outboxKeys } from '../../src/ledger/keys.ts';
import { resultLine } from '../../src/ledger/results.ts';
import { chunkOf } from '../../src/ledger/row.ts';
import type { DeliveredEntry } from '../../src/log/port.ts';
import { seatKey } from '../../src/memory/keys.ts';
import { limitKeys } from '../../src/pacing/keys.ts';
import { LIMIT_LINGER_MS, limitArguments, limitKeyList, limitsOf } from '../../src/pacing/limits.ts';
import { sayRest } from '../../src/pacing/said.ts';

const replayScript = loadScript(import.meta.dirname, 'lua/replay.lua');
const placesScript = loadScript(import.meta.dirname, 'lua/count-places.lua');

/** What one script is told: a few milliseconds. */
const SCRIPT_MAX_WORDS = 500;
const PERSON_LETTERS = 16;
/** A call whose end nobody recorded has ended this long after its start: the deadline of a call. */
const CALL_MS = 31_000;
const UNIQUE_MS = 24 * 3_600_000;

export interface ReplayOptions {
  redis: Redis;
  namespace: string;
  /** Names this run, so that what is counted in it is counted once. */
  run: string;
  sealOf(home: string, job: string): Promise<SealRecord | undefined>;
  sender(id: string): Sender | undefined;
  personOf: PersonOf;
  nowMs(): number;
  /** Letters of what customers want to be told of a home; '' = nothing. */
  toldOf(home: string): string;
  /** What ended before (unix ms) was told. */
  toldMs: number;
}

/** A word of the log about one item: a start, or an end. */
export interface Word {
  index: number;
  text: string;
}

export interface Replay {
  /** Entries of one partition of `attempts`, in order. */
  take(entries: readonly DeliveredEntry[]): Promise<void>;
}

type Touched = (home: string, job: string, moved: number) => void;

/** `touched` hears of every job that the log speaks about, and how many of its items moved. */
export function createReplay(options: ReplayOptions, touched: Touched): Replay {
  return {
    take: async (entries) => {
      for (const entry of entries) {
        const record = readRecord(entry);
        if (record) await takeRecord(options, record, `${options.run} ${entry.position}`, touched);
      }
    },
  };
}

/** What cannot be read says nothing: its calls end as unknown. */
export function readRecord({ value }: Pick<DeliveredEntry, 'value'>): AttemptsRecord | undefined {
  try {
    return attemptsRecordSchema.parse(JSON.parse(value));
  } catch {
    return undefined;
  }
}

async function takeRecord(
  options: ReplayOptions,
  { home, entries }: AttemptsRecord,
  batch: string,
  touched: Touched,
): Promise<void> {
  const said = new Said(options.toldMs);
  for (const entry of entries) {
    if (entry.type === 'settled') {
      said.ended(entry);
      continue;
    }
    said.started(entry);
    await countPersons(options, home, entry);
  }
  for (const [job, words] of said.words) {
    touched(home, job, await replayWords(options, home, job, words));
  }
  for (const [sender, calls] of said.calls)
    await countPlaces(options, home, sender, { ...calls, batch: `${batch} ${sender}` });
  for (const { person, due } of said.rests)
    if (due > options.nowMs()) await sayRest(options.redis, options.namespace, home, person, due);
}

/** What one record says, by whom it concerns. */
class Said {
  /** By job, in order. */
  readonly words = new Map<string, Word[]>();
  /** By sender. */
  readonly calls = new Map<string, { seq: number; ended: number[] }>();
  readonly rests: { person: string; due: number }[] = [];
  readonly #toldMs: number;

  constructor(toldMs: number) {
    this.#toldMs = toldMs;
  }

  started(entry: StartedEntry): void {
    for (const { job, index, attempt } of rowsOf(entry))
      this.#say(job, { index, text: `s,${index},${attempt}` });
    const calls = this.#callsOf(entry.sender);
    calls.seq = Math.max(calls.seq, entry.seq);
  }

  ended({ sender, jobs }: SettledEntry): void {
    const calls = this.#callsOf(sender);
    for (const { job, items } of jobs)
      for (const item of items) {
        const kind = item.ended < this.#toldMs ? 'o' : 'e';
        this.#say(job, { index: item.i, text: `${kind},${endOf(item)}` });
        if (item.to !== 'q' || item.written) calls.ended.push(item.ended);
        if (item.why === 'u' && item.person) this.rests.push({ person: item.person, due: item.due ?? 0 });
      }
  }

  #say(job: string, word: Word): void {
    const own = this.words.get(job) ?? [];
    if (own.push(word) === 1) this.words.set(job, own);
  }

  #callsOf(sender: string): { seq: number; ended: number[] } {
    const known = this.calls.get(sender) ?? { seq: 0, ended: [] };
    this.calls.set(sender, known);
    return known;
  }
}

function* rowsOf({
  runs,
}: StartedEntry): Generator<{ job: string; index: number; attempt: number; run: number }> {
  for (const [run, text] of runs.entries()) {
    const [job = '', from, to, attempt] = text.split(':');
    for (let index = Number(from); index <= Number(to); index++)
      yield { job, index, attempt: Number(attempt), run };
  }
}

const endOf = ({
  i,
  try: attempt,
  to,
  ended,
  id,
  code,
  message,
  counts = true,
  most = 0,
  due = 0,
  why = 'r',
}: SettledItem): string => {
  const error = to === 'a' ? null : { code: code ?? '', message: message ?? '' };
  const line = resultLine({ index: i, atMs: ended, providerId: to === 'a' ? (id ?? '') : null, error });
  return [i, attempt, to, counts ? 1 : 0, most, (due * 1_000).toFixed(0), why, line].join();
};

/** An end of an item of which nobody knows one. */
export const unknownWord = (index: number, attempt: number, atMs: number): Word => {
  const said = { code: 'no_outcome', message: 'the call was started and its outcome was never recorded' };
  return { index, text: `e,${endOf({ i: index, try: attempt, to: 'u', ended: atMs, ...said })}` };
};

/** In order; each chunk by itself. Nothing where the job is not kept any more. Gives how many items moved. */
export async function replayWords(
  { redis, namespace, sealOf, toldOf }: Pick<ReplayOptions, 'redis' | 'namespace' | 'sealOf' | 'toldOf'>,
  home: string,
  job: string,
  words: readonly Word[],
): Promise<number> {
  const seal = await sealOf(home, job);
  if (!seal) return 0;
  let moved = 0;
  const { outbox } = outboxKeys(namespace, home);
  const { row, statuses, tries, uncounted, resent } = jobKeys(namespace, home, job, seal.fingerprint);
  for (const [n, own] of Map.groupBy(words, ({ index }) => chunkOf(seal, index))) {
    const { results } = chunkKeys(namespace, home, job, seal.fingerprint, n);
    for (let at = 0; at < own.length; at += SCRIPT_MAX_WORDS)
      moved += await redis.run<number>(
        replayScript,
        [row, statuses, tries, uncounted, resent, waitsKey(tries), results, outbox],
        [seal.dies_at, job, toldOf(home), ...own.slice(at, at + SCRIPT_MAX_WORDS).map(({ text }) => text)],
      );
  }
  return moved;
}

/** Beside the job's other keys, until the rebuild has ended. */
export const waitsKey = (tries: string): string => `${tries}:waits`;

/** People of a unique limit count from their call's deadline: never too short. */
async function countPersons(
  { redis, namespace, sender, nowMs }: ReplayOptions,
  home: string,
  entry: StartedEntry,
): Promise<void> {
  const { persons = [], at } = entry;
  const portfolio = sender(entry.sender)?.portfolio;
  const named = persons.flatMap((some) => some.match(new RegExp(`.{${PERSON_LETTERS}}`, 'g')) ?? []);
  if (!portfolio || named.length === 0 || at + CALL_MS + UNIQUE_MS <= nowMs()) return;
  const { state } = limitKeys(namespace, home, portfolio.id, 'meta.messaging_limit');
  const untilUs = ((at + CALL_MS) * 1_000).toFixed(0);
  await ask(redis.client.zadd(state, 'GT', ...named.flatMap((person) => [untilUs, person])));
  await ask(redis.client.pexpire(state, UNIQUE_MS + LIMIT_LINGER_MS));
}

interface Calls {
  /** Names the batch. */
  batch: string;
  seq: number;
  /** Unix ms of each. */
  ended: readonly number[];
}

/** Counts ended calls in the sender's limits. A sender that is gone has none. */
export async function countPlaces(
  { redis, namespace, sender }: Pick<ReplayOptions, 'redis' | 'namespace' | 'sender'>,
  home: string,
  id: string,
  { batch, seq, ended }: Calls,
): Promise<void> {
  const account = sender(id);
  const limits = account ? limitsOf(account) : [];
  for (let at = 0; at === 0 || at < ended.length; at += SCRIPT_MAX_WORDS) {
    const some = ended.slice(at, at + SCRIPT_MAX_WORDS).map((ms) => (ms * 1_000).toFixed(0));
    await redis.run(
      placesScript,
      [seatKey(namespace, home), ...limitKeyList(namespace, { home, sender: id }, limits)],
      ['', `${batch} ${at}`, seq, LIMIT_LINGER_MS, ...limitArguments(limits, id), ...some],
    );
  }
}
