// The log: a durable, ordered record with one small port. Kafka and Redis Streams stand behind it and pass the same conformance suite.

export type Topic = 'jobs' | 'attempts' | 'receipts' | 'state' | 'audit' | 'events' | 'dead';

/** Partition → offset of the first entry that was appended to it. */
export type Appended = ReadonlyMap<number, string>;

/** What is appended. Entries with one `key` keep their order. `headers` stay readable when `value` is not. */
export interface LogEntry {
  key: string;
  headers: Record<string, string>;
  value: string;
}

export interface DeliveredEntry extends LogEntry {
  topic: Topic;
  /** Names the entry's place in the log, for messages and for replay: `partition:offset`. */
  position: string;
}

/** An entry as it stands in the log. */
export interface StoredEntry extends DeliveredEntry {
  /** Unix milliseconds. */
  atMs: number;
}

/** Which entries of `dead`: the newest first, those before a position if one is given, or only the one at a position. */
export interface DeadPage {
  limit: number;
  before?: string | undefined;
  at?: string | undefined;
}

export interface FollowOptions {
  topic: Topic;
  /** Followers of one group share the entries; each entry goes to one of them, again if it dies before the commit. */
  group: string;
  /** Entries worked on side by side, 1 by default: more only where the work does not depend on their order. */
  together?: number;
  /**
   * Does the work of one entry, in the order of its key; the commit comes after it resolves. At least once.
   * Throwing a `Failure` with `repeat: 'never'` parks the entry in `dead`; anything else is tried again with backoff, for ever.
   */
  handle(entry: DeliveredEntry): Promise<void>;
  /** Told behind which offset of a partition everything is done, before the commit. Only where there is a history. */
  marked?(partition: number, offset: number): Promise<void>;
  /** Called before an unreadable entry is parked, so that what it stood for ends visibly. Failures are repeated like those of `handle`. */
  onParked?(entry: DeliveredEntry, reason: string): Promise<void>;
}

export interface Follower {
  /** Finishes the entry at work, commits, gives its share back. */
  stop(): Promise<void>;
  /**
   * Entries finished since the start; monotonic microseconds of the last sign of life (an empty poll counts), and of the last try of the entry at work
   * that was tried the longest ago, if one is at work.
   */
  progress(): { handled: number; lastAliveUs: number; oldestUs: number | undefined };
  /** Resolves once the follower has its place in the group, and so its share of the entries. */
  readonly joined: Promise<void>;
  /** Rejects when the follower cannot go on by itself; the process should exit and be started anew. */
  readonly failed: Promise<never>;
}

/** Offsets of one partition: its first entry, and behind its last. */
export interface Bounds {
  low: number;
  high: number;
}

/** A part of one partition: from `from` on, before `to`. */
export interface Range {
  from: number;
  to: number;
}

/** Reads what is stored beside those who follow. Only where the log outlives Redis. */
export interface History {
  bounds(topic: Topic): Promise<ReadonlyMap<number, Bounds>>;
  /**
   * Hands over the entries of these parts, at most 200 at a time, those of a partition in order and one after the other. Resolves when all of
   * them were handled; rejects when `handle` does, or when the log does not answer.
   */
  read(
    topic: Topic,
    ranges: ReadonlyMap<number, Range>,
    handle: (entries: DeliveredEntry[]) => Promise<void>,
  ): Promise<void>;
}

export interface Log {
  /** Undefined where the log lives in Redis, and knows no more than it. */
  readonly history: History | undefined;
  /** Creates what is missing (topics, streams); safe to repeat, and by many at once. */
  prepare(): Promise<void>;
  /** Resolves when every entry is durable (Kafka: all in-sync replicas), each at least once, in the order of its key. Throws `unavailable` with `repeat: 'unsafe'` when it cannot be known. */
  append(topic: Topic, entries: readonly LogEntry[]): Promise<Appended>;
  follow(options: FollowOptions): Promise<Follower>;
  /** Reads `dead` without following it. A position that is none finds nothing. */
  dead(page: DeadPage): Promise<StoredEntry[]>;
  /** Whether the log answers now. */
  ping(): Promise<boolean>;
  close(): Promise<void>;
}
