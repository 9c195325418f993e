// The accounts as other rooms ask for them: answered from memory, refreshed within a second of a change, and closed to everybody
// when Redis has been silent for too long to know whether a key was taken back.
import type { Clock, Timer } from '../base/clock.ts';
import { Failure, messageOf, unavailable } from '../base/failure.ts';
import type { Logger } from '../base/logger.ts';
import type { Redis } from '../base/redis.ts';
import type { Secret } from '../base/secret.ts';
import type { Service } from '../base/service.ts';
import type { Kind } from './entries.ts';
import { type AccountsInput, readAccountsFile } from './file.ts';
import type { Accounts } from './port.ts';
import { AccountsProblems } from './problems.ts';
import { type Snapshot, snapshotBuilder } from './snapshot.ts';
import { createAccountsStore } from './store.ts';

/** A change anywhere is known here after at most this long, plus the time to read it. */
export const POLL_MS = 400;
/** Keys are believed for this long without word from Redis: a revocation takes effect within 5 s, or nobody gets in. */
export const TRUST_MS = 5_000;
/** How long a start waits for Redis. */
export const START_PATIENCE_MS = 15_000;
const START_RETRY_MS = 250;

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
  startPatienceMs?: number;
}

export interface AccountsRegistry extends Accounts, Service {
  /** Reads the file again. False: it is bad, everything wrong with it was logged, and nothing has changed. */
  reload(): Promise<boolean>;
  /** Changes fields of one object live, for every process. */
  change(kind: Kind, id: string, patch: Record<string, unknown>): Promise<void>;
  /** Looks for changes now instead of at the next poll. */
  refresh(): Promise<void>;
}

export function createAccounts(options: AccountsOptions): AccountsRegistry {
  const { secret, clock, logger } = options;
  const store = createAccountsStore(options);
  const build = snapshotBuilder(secret);
  let snapshot: Snapshot = build('', new Map());
  let lastHeardUs = Number.NEGATIVE_INFINITY;
  let lastFile: AccountsInput | undefined;
  let timer: Timer | undefined;
  let stopped = false;
  let atWork: Promise<void> = Promise.resolve();

  const look = async (): Promise<void> => {
    const askedUs = clock.monotonicUs();
    let version = await store.version();
    if (version === '' && lastFile) {
      // Redis has lost its memory. Whether sending may go on is for others to say; the callers are still who they were.
      logger.error('accounts.lost', { reason: 'Redis has forgotten the accounts; the file is applied again' });
      await store.claimSecret(options.fingerprints ?? []);
      await store.apply(lastFile);
      version = await store.version();
    }
    // Still nothing: whoever holds the file has not been here yet. What was known a moment ago is better than nobody.
    if (version !== '' && version !== snapshot.version) {
      const reading = await store.read();
      snapshot = build(reading.version, reading.objects);
    }
    lastHeardUs = askedUs;
  };
  /** One look at a time; a caller gets one that began after it asked. */
  const refresh = (): Promise<void> => {
    const next = atWork.then(look, look);
    atWork = next.catch(() => {});
    return next;
  };
  const poll = async (): Promise<void> => {
    try {
      await refresh();
    } catch (error) {
      logger.warn('accounts.refresh_failed', { reason: messageOf(error) });
    }
    if (!stopped) timer = clock.after(POLL_MS, () => void poll());
  };
  const applyFile = async (path: string): Promise<void> => {
    const file = await readAccountsFile(path);
    const count = await store.apply(file);
    lastFile = file;
    logger.info('accounts.applied', { count });
  };
  const begin = async (): Promise<void> => {
    await store.claimSecret(options.fingerprints ?? []);
    if (options.file !== undefined) await applyFile(options.file);
    await refresh();
  };

  return {
    name: 'accounts',
    start: async () => {
      if (options.file !== undefined) await readAccountsFile(options.file);
      await patiently(begin, options);
      timer = clock.after(POLL_MS, () => void poll());
    },
    stop: async () => {
      stopped = true;
      timer?.cancel();
      await atWork;
    },
    reload: async () => {
      if (options.file === undefined) return false;
      try {
        await applyFile(options.file);
        await refresh();
        return true;
      } catch (error) {
        logger.error('accounts.refused', { problems: error instanceof AccountsProblems ? error.problems : [messageOf(error)] });
        return false;
      }
    },
    change: async (kind, id, patch) => {
      await store.change(kind, id, patch);
      await refresh();
    },
    refresh,
    authenticate: (presented) => {
      if (clock.monotonicUs() - lastHeardUs > TRUST_MS * 1_000) {
        throw unavailable('Redis does not answer, so nobody can tell whether this API key still holds.');
      }
      return snapshot.principal(presented);
    },
    sender: (id) => snapshot.senders.get(id),
    sendersOf: (home) => snapshot.sendersByHome.get(home) ?? [],
    homes: () => snapshot.homes,
  };
}

/** Redis may come up beside us: waits for it a while, then says so in one sentence. */
async function patiently(begin: () => Promise<void>, { clock, logger, startPatienceMs = START_PATIENCE_MS }: AccountsOptions): Promise<void> {
  const giveUpAt = clock.monotonicUs() + startPatienceMs * 1_000;
  for (let told = false; ; told = true) {
    try {
      return await begin();
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'unavailable') throw error;
      if (clock.monotonicUs() >= giveUpAt) {
        throw unavailable(`Redis has not answered for ${startPatienceMs / 1_000} s: is REDIS_URL right, and does it run?`, error);
      }
      if (!told) logger.warn('redis.awaited', { reason: error.message });
      await clock.delay(START_RETRY_MS);
    }
  }
}
