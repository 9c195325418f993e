// The store of opt-outs. A person is kept by their keyed hash: it is enough to honour an opt-out, and outlives everything else about them.
import type { Persons } from '../base/person.ts';
import { ask, type Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import type { SuppressionState } from '../contract/state.ts';
import { OWN_SOURCES, type OwnSource, type Suppression } from '../contract/suppression.ts';
import { type KeepOptions, keepSuppressions, type PeopleState } from './keep.ts';
import { type Owner, peopleKeys } from './keys.ts';
import { lookUp, type Standing } from './look-up.ts';
import { personOfId, readSuppressed, type Suppressed, suppressedText, viewOf } from './suppressed.ts';
import { createWatch } from './watch.ts';

const optOutScript = loadScript(import.meta.dirname, 'lua/opt-out.lua');
const optInScript = loadScript(import.meta.dirname, 'lua/opt-in.lua');

/** People in one script. */
const BATCH = 1_000;
const OWN = `,${OWN_SOURCES.join()},`;
/** Longer than what people wrote can be read once more from the log. */
const HEARD_MS = 9 * 86_400_000;
/** Longer than a rebuild takes between two records of one person. */
const RESTORED_MS = 3_600_000;

export interface OptOut extends Omit<Suppressed, 'atMs'> {
  /** Unix ms; now when absent. */
  atMs?: number;
  /** E.164 with +. */
  to: string;
}

/** Somebody wants messages again. */
export interface SaidAgain {
  atMs: number;
  sources: readonly OwnSource[];
}

export interface SuppressionPosition {
  atMs: number;
  person: string;
}

export interface SuppressionPage {
  rows: Suppression[];
  next: SuppressionPosition | undefined;
}

export interface Suppressions {
  /** In the order given: the person's key, and whether the opt-out is new. Who is there already keeps the first time, and all categories. */
  add(owner: Owner, optOuts: readonly OptOut[]): Promise<{ person: string; created: boolean }[]>;
  /** How many were taken back. `said`: the person asked for it, then (unix ms); only their own earlier words of these sources end. */
  remove(owner: Owner, numbers: readonly string[], said?: SaidAgain): Promise<number>;
  removeId(owner: Owner, id: string): Promise<boolean>;
  one(owner: Owner, id: string): Promise<Suppression | undefined>;
  /** Newest first. */
  page(owner: Owner, after: SuppressionPosition | undefined, limit: number): Promise<SuppressionPage>;
  /** Whether the workspace has opt-outs, aliases or forgotten people at all; from memory, at most half a second old. */
  any(owner: Owner): boolean | Promise<boolean>;
  /** Who of these numbers has opted out or was forgotten, by place in the list. Learns by the way whom the platform calls by another number. */
  lookUp(owner: Owner, numbers: readonly string[]): Promise<Map<number, Standing>>;
  /** The platform called `to` by `wrote`, both E.164: from now on they are one person. */
  learn(owner: Owner, to: string, wrote: string): Promise<void>;
  /** Sets how people stood before Redis forgot it. Repeatable; what Redis knows of later stays, and no opt-out that it has ends but by a later word. */
  restore(record: PeopleState): Promise<void>;
}

/** With `kept`, every change resolves only when it is kept. */
export interface SuppressionsOptions extends KeepOptions {
  persons: Persons;
}

export function createSuppressions(options: SuppressionsOptions): Suppressions {
  const { redis, namespace, clock, persons } = options;
  const keysOf = (owner: Owner) => peopleKeys(namespace, owner);
  const listKeys = (owner: Owner) => listKeysOf(namespace, owner);
  const optIn = async (owner: Owner, people: readonly string[], said?: SaidAgain) => {
    let removed = 0;
    for (let i = 0; i < people.length; i += BATCH)
      removed += await redis.run<number>(optInScript, listKeys(owner), [
        said ? `,${said.sources.join()},` : '',
        said?.atMs ?? '',
        HEARD_MS,
        ...people.slice(i, i + BATCH),
      ]);
    await keepSuppressions(options, owner, people);
    return removed;
  };
  const { any } = createWatch(redis, namespace, clock);
  return {
    any,
    add: async (owner, optOuts) => {
      const done: { person: string; created: boolean }[] = [];
      for (let i = 0; i < optOuts.length; i += BATCH) {
        const some = optOuts.slice(i, i + BATCH).map(({ to, atMs = clock.now(), ...rest }) => ({
          person: persons.of(owner.workspace, to),
          text: suppressedText({ atMs, ...rest }),
        }));
        const made = await redis.run<string>(optOutScript, listKeys(owner), [
          OWN,
          ...some.flatMap(({ person, text }) => [person, text]),
        ]);
        done.push(...some.map(({ person }, at) => ({ person, created: made[at] === '1' })));
      }
      await keepSuppressions(
        options,
        owner,
        done.map(({ person }) => person),
      );
      return done;
    },
    remove: (owner, numbers, said) =>
      optIn(owner, [...new Set(numbers.flatMap((to) => keysFor(persons, owner, to)))], said),
    removeId: async (owner, id) => {
      const person = personOfId(id);
      return person !== undefined && (await optIn(owner, [person])) > 0;
    },
    one: async (owner, id) => {
      const person = personOfId(id);
      const text = person && (await ask(redis.client.hget(keysOf(owner).suppressed, person)));
      return person && text ? viewOf(person, readSuppressed(text)) : undefined;
    },
    page: (owner, after, limit) => readPage(options, owner, after, limit),
    lookUp: (owner, numbers) => lookUp(options, owner, numbers),
    learn: async (owner, to, wrote) => {
      const [person, same] = [persons.of(owner.workspace, to), persons.of(owner.workspace, wrote)];
      if (person === same) return;
      await ask(redis.client.hset(keysOf(owner).aliases, person, same));
      const { workspace, environment } = owner;
      await options.kept?.([{ v: 1, type: 'alias', workspace, environment, person, same }]);
      persons.learn(person, same);
    },
    restore: (record) => restore(options, record),
  };
}

function listKeysOf(namespace: string, owner: Owner): string[] {
  const { suppressed, suppressedList, started } = peopleKeys(namespace, owner);
  return [suppressed, suppressedList, started];
}

async function restore({ redis, namespace, clock }: SuppressionsOptions, record: PeopleState): Promise<void> {
  const { aliases, started: startedKey } = peopleKeys(namespace, record);
  const { person } = record;
  if (record.type === 'alias') return void (await ask(redis.client.hset(aliases, person, record.same)));
  const { stored, started, at } = record;
  if (!(await isNewest(redis, namespace, record))) return;
  const keys = listKeysOf(namespace, record);
  // First the opt-out: a start may be about another source, and would bar it.
  if (stored !== null) await redis.run(optOutScript, keys, [OWN, person, stored]);
  // Nobody is to hear an older opt-out anew, which may still stand in the log.
  const said = stored === null ? at : (started ?? 0);
  if (said < clock.now() - HEARD_MS) return;
  if (stored === null) await redis.run(optInScript, keys, ['', at, HEARD_MS, person]);
  else await ask(redis.client.zadd(startedKey, 'GT', said, person));
}

/** Of the records of one person that a rebuild reads, in any order. The same one again is still the newest. */
async function isNewest(redis: Redis, namespace: string, record: SuppressionState): Promise<boolean> {
  const { restored } = peopleKeys(namespace, record);
  const seq = record.seq ?? record.at * 1_000;
  const [, newest] = await Promise.all([
    ask(redis.client.zadd(restored, 'GT', seq, record.person)),
    ask(redis.client.zscore(restored, record.person)),
    ask(redis.client.pexpire(restored, RESTORED_MS)),
  ]);
  return Number(newest) <= seq;
}

/** Every key that the person may stand under. */
const keysFor = (persons: Persons, { workspace }: Owner, to: string): string[] => [
  persons.of(workspace, to),
  ...persons.everyOf(workspace, to),
];

async function readPage(
  { redis, namespace }: SuppressionsOptions,
  owner: Owner,
  after: SuppressionPosition | undefined,
  limit: number,
): Promise<SuppressionPage> {
  const { suppressed, suppressedList } = peopleKeys(namespace, owner);
  const max = after?.atMs ?? '+inf';
  // Of one millisecond there may be as many as a request has: those that the pages before have shown are passed.
  const together = after
    ? await ask(redis.client.zrevrangebyscore(suppressedList, after.atMs, after.atMs))
    : [];
  const skip = after ? together.filter((person) => person >= after.person).length : 0;
  const people = await ask(
    redis.client.zrevrangebyscore(suppressedList, max, '-inf', 'LIMIT', skip, limit + 1),
  );
  const shown = people.slice(0, limit);
  const texts = shown.length === 0 ? [] : await ask(redis.client.hmget(suppressed, ...shown));
  const rows = shown.flatMap((person, i) => {
    const text = texts[i];
    return text ? [viewOf(person, readSuppressed(text))] : [];
  });
  const [last, lastText] = [shown.at(-1), texts.at(-1)];
  const more = people.length > limit && last !== undefined && lastText;
  return { rows, next: more ? { atMs: readSuppressed(lastText).atMs, person: last } : undefined };
}
