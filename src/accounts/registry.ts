// The accounts as other rooms ask for them: answered from memory, refreshed within a second of a change, and closed to everybody
// when Redis has been silent for too long to know whether a key was taken back.
import type { Clock } from '../base/clock.ts';
import { Failure, messageOf, unavailable } from '../base/failure.ts';
import type { Logger } from '../base/logger.ts';
import type { Redis } from '../base/redis.ts';
import type { Secret } from '../base/secret.ts';
import type { Service } from '../base/service.ts';
import { isWanted } from '../contract/event.ts';
import { DEFAULT_OPT_OUT } from '../contract/opt-out.ts';
import type { Kind } from './entries.ts';
import { type AccountsInput, readAccountsFile } from './file.ts';
import { createMirror, type Mirror } from './mirror.ts';
import type { Accounts, Owner, Sender } from './port.ts';
import { AccountsProblems } from './problems.ts';
import { nameAtPlatform } from './snapshot.ts';
import { createAccountsStore, type Kept, type Marks, type NewObject, type Secrets } from './store.ts';

/** How long a start waits for Redis. */
const START_PATIENCE_MS = 15_000;
const START_RETRY_MS = 250;
/** For a workspace that this release cannot read. */
const LEAST_PLAN = 'free';

export interface AccountsOptions {
  redis: Redis;
  namespace: string;
  secret: Secret;
  /** Fingerprints of all configured secrets, the first one's included; needed only while secrets rotate. */
  fingerprints?: readonly string[];
  clock: Clock;
  logger: Logger;
  /** Path of the accounts file; undefined: this process takes the accounts as others have set them. */
  file: string | undefined;
  /** What senders of `staging` may reach. */
  stagingHosts?: readonly string[];
  startPatienceMs?: number;
  /** Keeps live changes where Redis cannot lose them, before their caller is told. */
  kept?: ((change: Kept) => Promise<void>) | undefined;
}

export interface AccountsRegistry extends Accounts, Service {
  /** Reads the file again. False: it is bad, everything wrong with it was logged, and nothing has changed. */
  reload(): Promise<boolean>;
  /** Changes fields of one object live, for every process. */
  change(kind: Kind, id: string, patch: Record<string, unknown>, secrets?: Secrets): Promise<void>;
  /** A new object that stands in no file. Throws `conflict` when there is one of that id. */
  create(object: NewObject): Promise<void>;
  /** Disables an object by hand, or stops the sending of a workspace or of everything. Throws `not_found`. */
  mark(kind: Kind, id: string, marks: Partial<Marks>): Promise<void>;
  /** Takes away an object that stands in no file. Throws `not_found`, and `conflict` for one of the file. */
  remove(kind: Kind, id: string): Promise<void>;
  /** Sets an object as a live change had left it before Redis forgot it, unless the file has changed it since. */
  restore(change: Kept): Promise<void>;
  /** Hears of senders whose account or portfolio has changed anywhere, within a second of it. */
  watch(listener: (changed: Sender[]) => void): void;
  /** Looks for changes now instead of at the next poll. */
  refresh(): Promise<void>;
}

/** `start` throws `AccountsProblems` for a bad file or a foreign secret, and `Failure` `unavailable` when Redis stays away. */
export function createAccounts(options: AccountsOptions): AccountsRegistry {
  const { logger } = options;
  const store = createAccountsStore(options);
  const claimSecret = (): Promise<void> => store.claimSecret(options.fingerprints ?? []);
  let lastFile: AccountsInput | undefined;

  const onEmpty = async (): Promise<void> => {
    if (!lastFile) return;
    // Redis has lost its memory. Whether sending may go on is for others to say; the callers are still who they were.
    logger.error('accounts.lost', { reason: 'Redis has forgotten the accounts; the file is applied again' });
    await claimSecret();
    await store.apply(lastFile);
  };
  const mirror = createMirror({ ...options, store, onEmpty });
  const applyFile = async (path: string): Promise<void> => {
    const file = await readAccountsFile(path, options.stagingHosts);
    const count = await store.apply(file);
    lastFile = file;
    await mirror.refresh();
    logger.info('accounts.applied', { count });
  };

  return {
    name: 'accounts',
    start: async () => {
      // A bad file is said at once, whether or not Redis is there.
      if (options.file !== undefined) await readAccountsFile(options.file, options.stagingHosts);
      await patiently(async () => {
        await claimSecret();
        // What was there first: only then is it known what the file changes.
        await mirror.refresh();
        if (options.file !== undefined) await applyFile(options.file);
      }, options);
      mirror.follow();
    },
    stop: () => mirror.stop(),
    reload: async () => {
      if (options.file === undefined) return false;
      try {
        await applyFile(options.file);
        return true;
      } catch (error) {
        logger.error('accounts.refused', { problems: problemsOf(error) });
        return false;
      }
    },
    change: async (kind, id, patch, secrets) => {
      await store.change(kind, id, patch, secrets);
      await mirror.refresh();
    },
    create: async (object) => {
      await store.create(object);
      await mirror.refresh();
    },
    mark: async (kind, id, marks) => {
      await store.mark(kind, id, marks);
      await mirror.refresh();
    },
    remove: async (kind, id) => {
      await store.remove(kind, id);
      await mirror.refresh();
    },
    restore: async (change) => {
      await store.restore(change);
      await mirror.refresh();
    },
    watch: (listener) => mirror.watch(listener),
    refresh: () => mirror.refresh(),
    ...answersOf(mirror, options.clock),
  };
}

/** Everything that is answered from memory. */
function answersOf(mirror: Mirror, clock: Clock): Accounts {
  return {
    authenticate: (presented) => {
      if (mirror.trusted()) return mirror.snapshot().principal(presented, clock.now());
      throw unavailable('Redis does not answer, so nobody can tell whether this API key still holds.');
    },
    plan: (workspace) => mirror.snapshot().workspaces.get(workspace)?.plan ?? LEAST_PLAN,
    optOut: (workspace) => mirror.snapshot().workspaces.get(workspace)?.opt_out ?? DEFAULT_OPT_OUT,
    sender: (id) => mirror.snapshot().senders.get(id),
    sendersOf: (home) => mirror.snapshot().sendersByHome.get(home) ?? [],
    sendersKnownAs: (platform, externalId) =>
      mirror.snapshot().sendersByName.get(nameAtPlatform(platform, externalId)) ?? [],
    senders: (owner) => owned(mirror.snapshot().senders, owner),
    portfolios: (owner) => owned(mirror.snapshot().portfolios, owner),
    endpoints: (owner) => owned(mirror.snapshot().endpoints, owner),
    endpoint: (id) => mirror.snapshot().endpoints.get(id),
    allEndpoints: () => [...mirror.snapshot().endpoints.values()],
    wants: (owner, type) =>
      owned(mirror.snapshot().endpoints, owner).some(
        ({ enabled, events }) => enabled && isWanted(events, type),
      ),
    toldOf: (home) => mirror.snapshot().told.get(home) ?? '',
    keys: (owner) => owned(mirror.snapshot().keys, owner),
    installation: () => mirror.snapshot(),
    homes: () => mirror.snapshot().homes,
  };
}

const owned = <Account extends Owner & { id: string }>(
  all: ReadonlyMap<string, Account>,
  { workspace, environment }: Owner,
): Account[] =>
  [...all.values()]
    .filter((one) => one.workspace === workspace && one.environment === environment)
    .sort((a, b) => (a.id < b.id ? -1 : 1));

const problemsOf = (error: unknown): string[] =>
  error instanceof AccountsProblems ? error.problems : [messageOf(error)];

/** Redis may come up beside us: waits for it a while, then says so in one sentence. */
async function patiently(
  begin: () => Promise<void>,
  { clock, logger, startPatienceMs = START_PATIENCE_MS }: AccountsOptions,
): Promise<void> {
  const giveUpAt = clock.monotonicUs() + startPatienceMs * 1_000;
  for (let told = false; ; told = true) {
    try {
      return await begin();
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'unavailable') throw error;
      if (clock.monotonicUs() >= giveUpAt) {
        const waited = `Redis has not answered for ${startPatienceMs / 1_000} s`;
        throw unavailable(`${waited}: is REDIS_URL right, and does it run?`, error);
      }
      if (!told) logger.warn('redis.awaited', { reason: error.message });
      await clock.delay(START_RETRY_MS);
    }
  }
}
