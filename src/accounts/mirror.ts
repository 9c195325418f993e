// This process's copy of the accounts: looks at their version every so often, reads them when it has moved, and knows when it last
// heard from Redis.
import type { Clock, Timer } from '../base/clock.ts';
import { messageOf } from '../base/failure.ts';
import type { Logger } from '../base/logger.ts';
import type { Secret } from '../base/secret.ts';
import type { Sender } from './port.ts';
import { changedSenders, type Snapshot, snapshotBuilder } from './snapshot.ts';
import type { AccountsStore } from './store.ts';

/** A change anywhere is known here after at most this long, plus the time to read it. */
const POLL_MS = 400;
/** The copy is believed for this long without word from Redis: a revocation takes effect within 5 s, or nobody gets in. */
const TRUST_MS = 5_000;

export interface Mirror {
  snapshot(): Snapshot;
  /** Whether Redis was heard recently enough to believe the copy. */
  trusted(): boolean;
  /** Hears of senders that have changed since this process knew them; the first to listen hears of those before, too. */
  watch(listener: (changed: Sender[]) => void): void;
  /** Looks now. Rejects when Redis is away. */
  refresh(): Promise<void>;
  /** Begins to look regularly. */
  follow(): void;
  stop(): Promise<void>;
}

export interface MirrorOptions {
  store: AccountsStore;
  secret: Secret;
  clock: Clock;
  logger: Logger;
  /** Called when Redis knows no accounts at all: puts them back if this process can. */
  onEmpty(): Promise<void>;
}

export function createMirror({ store, secret, clock, logger, onEmpty }: MirrorOptions): Mirror {
  const build = snapshotBuilder(secret, (field) =>
    logger.error('accounts.unreadable', { problems: [field] }),
  );
  let snapshot = build('', new Map());
  let heardUs = Number.NEGATIVE_INFINITY;
  let timer: Timer | undefined;
  let stopped = false;
  const listeners: ((changed: Sender[]) => void)[] = [];
  /** Changes that nobody has listened to yet: what a start applies is there before those who must know. */
  const unheard = new Set<string>();
  let atWork: Promise<void> = Promise.resolve();

  const tell = (changed: Sender[]): void => {
    if (listeners.length === 0) for (const { id } of changed) unheard.add(id);
    if (changed.length > 0) for (const listener of listeners) listener(changed);
  };
  const look = async (): Promise<void> => {
    const askedUs = clock.monotonicUs();
    let version = await store.version();
    if (version === '') {
      await onEmpty();
      version = await store.version();
    }
    // Still nothing: whoever holds the file has not been here yet. What was known a moment ago is better than nobody.
    if (version !== '' && version !== snapshot.version) {
      const reading = await store.read();
      const before = snapshot;
      snapshot = build(reading.version, reading.objects);
      if (before.version !== '') tell(changedSenders(before, snapshot));
    }
    heardUs = askedUs;
  };
  /** One look at a time; a caller gets one that began after it asked. */
  const refresh = (): Promise<void> => {
    const next = atWork.then(look);
    atWork = next.catch(() => {});
    return next;
  };
  const poll = async (): Promise<void> => {
    try {
      await refresh();
    } catch (error) {
      logger.warn('accounts.refresh_failed', { reason: messageOf(error) });
    }
    follow();
  };
  const follow = (): void => {
    if (!stopped) timer = clock.after(POLL_MS, () => void poll());
  };

  return {
    snapshot: () => snapshot,
    trusted: () => clock.monotonicUs() - heardUs <= TRUST_MS * 1_000,
    watch: (listener) => {
      listeners.push(listener);
      const missed = [...unheard].flatMap((id) => snapshot.senders.get(id) ?? []);
      unheard.clear();
      if (missed.length > 0) listener(missed);
    },
    refresh,
    follow,
    stop: async () => {
      stopped = true;
      timer?.cancel();
      await atWork;
    },
  };
}
