// The accounts in Redis, shared by every process: read together, changed together by one script, never lost to a race.
import type { Clock } from '../base/clock.ts';
import { refused } from '../base/failure.ts';
import { ask, type Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import type { Secret } from '../base/secret.ts';
import { changesOf } from './changes.ts';
import { entriesOf, fieldOf, type Kind } from './entries.ts';
import type { AccountsInput } from './file.ts';
import { accountsKeys, VERSION_FIELD } from './keys.ts';
import { parsedOf } from './parsed.ts';
import { AccountsProblems } from './problems.ts';
import { parseStored, type Stored, storedOf, withSecrets } from './stored.ts';

const commitScript = loadScript(import.meta.dirname, 'lua/commit.lua');
/** Others may write at the same time: every process applies its file when a fleet starts. */
const COMMIT_ATTEMPTS = 100;

/** Everything at one moment. `version` is '' when nothing was ever written. */
export interface Reading {
  version: string;
  /** Field → JSON as it stands. */
  objects: Map<string, string>;
}

/** In clear; encrypted before they get to Redis. */
export type Secrets = Record<string, string>;

export interface NewObject {
  kind: Kind;
  id: string;
  workspace: string;
  value: Record<string, unknown>;
  secrets: Secrets;
}

/** `off`: disabled by hand. `stopped`: nothing of it is sent. */
export type Marks = Pick<Stored, 'off' | 'stopped'>;

export interface AccountsStore {
  /** Makes the file's objects stand; resolves with how many changed. Throws `AccountsProblems` and changes nothing when they cannot. */
  apply(file: AccountsInput): Promise<number>;
  /** Changes fields of one object live; the file leaves it alone until the file's own object changes. Throws on a field that does not parse. */
  change(kind: Kind, id: string, patch: Record<string, unknown>, secrets?: Secrets): Promise<void>;
  /** A new object that stands in no file. */
  create(object: NewObject): Promise<void>;
  /** Sets what stands beside the fields of an object, whoever made it. Throws `not_found`. */
  mark(kind: Kind, id: string, marks: Partial<Marks>): Promise<void>;
  /** Throws `not_found`, and `conflict` for an object of the file. */
  remove(kind: Kind, id: string): Promise<void>;
  /** Sets an object as a live change had left it, unless the file has changed it since. */
  restore(change: Kept): Promise<void>;
  version(): Promise<string>;
  read(): Promise<Reading>;
  /** Refuses when another secret works on this Redis. `known`: fingerprints of all configured secrets, for a rotation. */
  claimSecret(known: readonly string[]): Promise<void>;
}

export interface StoreOptions {
  redis: Redis;
  namespace: string;
  secret: Secret;
  clock: Clock;
  /** Keeps what was changed live where Redis cannot lose it, before its caller is told. `stored` null: it was taken away. */
  kept?: ((change: Kept) => Promise<void>) | undefined;
}

/** An object as a live change left it. */
export interface Kept {
  kind: Kind;
  id: string;
  stored: Stored | null;
}

export function createAccountsStore({ redis, namespace, secret, clock, kept }: StoreOptions): AccountsStore {
  const keys = accountsKeys(namespace);

  const read = async (): Promise<Reading> => {
    const fields = new Map(Object.entries(await ask(redis.client.hgetall(keys.objects))));
    const version = fields.get(VERSION_FIELD) ?? '';
    fields.delete(VERSION_FIELD);
    return { version, objects: fields };
  };

  /** One object beside the version: a change of one needs no other of ten thousand. */
  const readOne = async (field: string): Promise<Reading> => {
    const [version, text] = await ask(redis.client.hmget(keys.objects, VERSION_FIELD, field));
    return { version: version ?? '', objects: new Map(text ? [[field, text]] : []) };
  };

  /** Looks, decides, writes; decides again when somebody else wrote in between. */
  const commit = async (
    look: () => Promise<Reading>,
    decide: (stored: Map<string, Stored>) => Map<string, Stored | null>,
  ): Promise<number> => {
    for (let attempt = 0; attempt < COMMIT_ATTEMPTS; attempt += 1) {
      const { version, objects } = await look();
      const writes = decide(new Map([...objects].map(([field, text]) => [field, parseStored(text)])));
      if (writes.size === 0) return 0;
      const pairs = [...writes].flatMap(([field, stored]) => [field, stored ? JSON.stringify(stored) : '']);
      const done = await redis.run<number>(
        commitScript,
        [keys.objects],
        [version, nextVersion(version, clock), ...pairs],
      );
      if (done === 1) return writes.size;
    }
    throw new Error('the accounts kept changing while they were written');
  };

  const changeOne = async (
    { kind, id }: Named,
    decide: (before: Stored | undefined) => Stored | null,
  ): Promise<void> => {
    const field = fieldOf(kind, id);
    let stored: Stored | null = null;
    await commit(
      () => readOne(field),
      (read) => {
        stored = decide(read.get(field));
        return new Map([[field, stored]]);
      },
    );
    await kept?.({ kind, id, stored });
  };

  return {
    read,
    version: async () => (await ask(redis.client.hget(keys.objects, VERSION_FIELD))) ?? '',
    apply: (file) => {
      const entries = entriesOf(file);
      return commit(read, (stored) => {
        const { writes, problems } = changesOf(stored, entries, secret);
        if (problems.length > 0) throw new AccountsProblems(problems);
        return writes;
      });
    },
    create: (object) => changeOne(object, (before) => newObject(object, before, secret)),
    remove: (kind, id) => changeOne({ kind, id }, (before) => takenAway({ kind, id }, before)),
    change: (kind, id, patch, secrets = {}) =>
      changeOne({ kind, id }, (before = missing(kind, id)) => {
        const value = { ...before.value, ...patch };
        return patched(withSecrets({ ...before, value }, secrets, secret), secret);
      }),
    mark: (kind, id, marks) =>
      changeOne({ kind, id }, (before) => ({ ...(before ?? firstMarked(kind, id, secret)), ...marks })),
    restore: async ({ kind, id, stored }) => {
      const field = fieldOf(kind, id);
      await commit(() => readOne(field), restored(field, stored));
    },
    claimSecret: (known) => claimSecret(redis, keys.secret, secret, known),
  };
}

/** What cannot be read would be as if it were gone, in every process. */
function patched(after: Stored, secret: Secret): Stored {
  parsedOf(after, secret);
  return after;
}

async function claimSecret(
  redis: Redis,
  key: string,
  secret: Secret,
  known: readonly string[],
): Promise<void> {
  if ((await ask(redis.client.set(key, secret.fingerprint, 'NX'))) === 'OK') return;
  const holder = await ask(redis.client.get(key));
  if (holder === secret.fingerprint) return;
  if (holder === null || !known.includes(holder)) throw new AccountsProblems([FOREIGN_SECRET]);
  await ask(redis.client.set(key, secret.fingerprint));
}

/** The file has set it anew since, or it stands in the file no more: then the file has the last word. */
const restored =
  (field: string, stored: Stored | null) =>
  (read: ReadonlyMap<string, Stored>): Map<string, Stored | null> => {
    const before = read.get(field);
    if ((before?.file ?? null) !== (stored?.file ?? null) || (!before && !stored)) return new Map();
    const after = stored && { ...stored, disabled: before?.disabled ?? stored.disabled };
    return JSON.stringify(after) === JSON.stringify(before) ? new Map() : new Map([[field, after]]);
  };

/** The installation is there from its first mark on. */
function firstMarked(kind: Kind, id: string, secret: Secret): Stored {
  if (kind !== 'installation') throw noSuch(kind, id);
  return newObject({ kind, id, workspace: '', value: {}, secrets: {} }, undefined, secret);
}

type Named = Pick<NewObject, 'kind' | 'id'>;

function newObject(object: NewObject, before: Stored | undefined, secret: Secret): Stored {
  const { kind, id } = object;
  if (before) throw refused('conflict', `There is a ${kind} ${id} already.`);
  const stored = storedOf({ ...object, field: fieldOf(kind, id), digest: '' }, undefined, secret);
  const alone = { ...stored, file: null };
  parsedOf(alone, secret);
  return alone;
}

function takenAway({ kind, id }: Named, before: Stored | undefined): null {
  if (!before) throw noSuch(kind, id);
  if (before.file === null) return null;
  throw refused('conflict', `The ${kind} stands in the accounts file: take it out there.`);
}

function missing(kind: Kind, id: string): never {
  throw noSuch(kind, id);
}

const noSuch = (kind: Kind, id: string) => refused('not_found', `There is no ${kind} ${id}.`);

const FOREIGN_SECRET =
  'SLUICE_SECRET: must be the secret that the other processes on this Redis share; this one is another (or choose another SLUICE_NAMESPACE)';

/** Counts up, and never repeats: after a loss of memory the count starts again, but the tail differs. */
const nextVersion = (version: string, clock: Clock): string =>
  `${Number.parseInt(version || '0', 10) + 1}.${clock.randomHex(6)}`;
