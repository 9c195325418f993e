// Writes attempts to the log: which calls are about to be made, before a byte of them leaves, and what became of them. Many to a record, one
// record per home, one append at a time, so that a busy process costs a few hundred small records a second. What the log does not take in
// time is not called. Where Redis itself is the log there is nothing to write: the ledger is all there is.
import type { Clock } from '../../src/base/clock.ts';
import { messageOf } from '../../src/base/failure.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { Appended, Log, LogEntry } from '../../src/log/port.ts';

/** Calls of other lanes join an append that begins within this. */
const LINGER_MS = 3;
/** What became of calls is in the ledger already: it may wait to travel together. */
const SETTLED_LINGER_MS = 100;
/** A record holds at most this, and an append this. */
const RECORD_MAX_BYTES = 192 * 1024;
const APPEND_MAX_BYTES = 512 * 1024;
/** With an append that takes longer, nothing more is started. */
const SLOW_MS = 500;
/** Outcomes that wait for the log; with more the oldest are let go: the ledger has them, and only a rebuild would call them unknown. */
const WAITING_MAX_BYTES = 32 * 1024 * 1024;
const AGAIN_MS = 1_000;
/** A stop waits so long for the last outcomes to be stored. */
const STOP_MS = 5_000;

/** Whether calls may be made: `pending` until the log has said, `lost` when it did not take their record. */
export interface Recorded {
  state: 'pending' | 'stored' | 'lost';
  readonly done: Promise<void>;
}

export interface Attempts {
  /** Records that these calls are about to be made; `entry`: JSON of a started entry. */
  started(home: string, entry: string): Recorded;
  /** Records what became of calls. `entry`: JSON of a settled entry. */
  settled(home: string, entry: string): void;
  /** Whether the log takes records now. While it does not, nothing is started. */
  ready(): boolean;
  start(): void;
  /** Waits a little for what is not stored yet. */
  stop(): Promise<void>;
}

export interface AttemptsOptions {
  log: Pick<Log, 'append' | 'ping'>;
  clock: Clock;
  logger: Logger;
  /** Hears where the log has stored them. */
  stored(at: Appended): void;
  /** The log does not take records: told once a second while it is so. */
  away(): void;
}

interface Waiting {
  home: string;
  entry: string;
  /** Of a started entry. */
  recorded?: Recording;
}

class Recording implements Recorded {
  state: Recorded['state'] = 'pending';
  readonly done: Promise<void>;
  readonly #resolve: () => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.done = promise;
    this.#resolve = resolve;
  }

  end(state: 'stored' | 'lost'): void {
    this.state = state;
    this.#resolve();
  }
}

const NO_TIMER = { cancel: (): void => {}, urgent: false, set: false };

class Writer implements Attempts {
  readonly #options: AttemptsOptions;
  readonly #halt = new AbortController();
  #waiting: Waiting[] = [];
  #bytes = 0;
  /** Calls wait for what is to be appended. */
  #urgent = false;
  /** When the append under way began. */
  #sentUs: number | undefined;
  #gone = false;
  #timer = NO_TIMER;

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  started(home: string, entry: string): Recorded {
    const recorded = new Recording();
    this.#urgent = true;
    this.#add({ home, entry, recorded });
    return recorded;
  }

  settled(home: string, entry: string): void {
    this.#add({ home, entry });
  }

  ready(): boolean {
    const { clock } = this.#options;
    return (
      !this.#gone && (this.#sentUs === undefined || clock.monotonicUs() - this.#sentUs < SLOW_MS * 1_000)
    );
  }

  start(): void {
    void this.#watch();
  }

  async stop(): Promise<void> {
    const { clock } = this.#options;
    this.#halt.abort();
    this.#urgent = true;
    this.#arm();
    const giveUpUs = clock.monotonicUs() + STOP_MS * 1_000;
    while (this.#busy() && clock.monotonicUs() < giveUpUs) await clock.delay(LINGER_MS);
  }

  #busy(): boolean {
    return this.#waiting.length > 0 || this.#sentUs !== undefined;
  }

  #add(one: Waiting): void {
    this.#waiting.push(one);
    this.#bytes += one.entry.length;
    this.#arm();
  }

  #arm(): void {
    const { set, urgent } = this.#timer;
    if (this.#sentUs !== undefined || this.#waiting.length === 0 || (set && (urgent || !this.#urgent)))
      return;
    this.#timer.cancel();
    const delayMs = this.#gone ? AGAIN_MS : this.#urgent ? LINGER_MS : SETTLED_LINGER_MS;
    const { cancel } = this.#options.clock.after(delayMs, () => {
      this.#timer = NO_TIMER;
      void this.#flush();
    });
    this.#timer = { cancel, urgent: this.#urgent, set: true };
  }

  async #flush(): Promise<void> {
    const { log, clock, logger, stored } = this.#options;
    const batch = this.#take();
    this.#sentUs = clock.monotonicUs();
    try {
      stored(await log.append('attempts', entriesOf(batch)));
      for (const { recorded } of batch) recorded?.end('stored');
      if (this.#gone) logger.info('log.back', { topic: 'attempts' });
      this.#gone = false;
    } catch (error) {
      if (!this.#gone) logger.warn('log.away', { topic: 'attempts', reason: messageOf(error) });
      this.#gone = true;
      this.#keep(batch);
    }
    this.#sentUs = undefined;
    this.#arm();
  }

  /** As much as one append takes, in order. */
  #take(): Waiting[] {
    let size = 0;
    let count = 0;
    for (const { entry } of this.#waiting) {
      if (count > 0 && size + entry.length > APPEND_MAX_BYTES) break;
      size += entry.length;
      count += 1;
    }
    const batch = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    this.#bytes -= size;
    this.#urgent = this.#halt.signal.aborted || this.#waiting.some(({ recorded }) => recorded !== undefined);
    return batch;
  }

  /** Nobody knows whether it is stored: the calls are not made, and what became of others is appended again. */
  #keep(batch: readonly Waiting[]): void {
    const all = [...batch, ...this.#waiting];
    for (const { recorded } of all) recorded?.end('lost');
    this.#waiting = all.filter(({ recorded }) => recorded === undefined);
    this.#bytes = this.#waiting.reduce((sum, { entry }) => sum + entry.length, 0);
    this.#urgent = false;
    while (this.#bytes > WAITING_MAX_BYTES) this.#bytes -= this.#waiting.shift()?.entry.length ?? this.#bytes;
  }

  async #watch(): Promise<void> {
    const { clock, log, away } = this.#options;
    while (!this.#halt.signal.aborted) {
      await clock.delay(AGAIN_MS, this.#halt.signal);
      if (this.ready()) continue;
      away();
      // With nothing left to append, only asking tells that it is back.
      if (!this.#busy() && (await log.ping())) this.#gone = false;
    }
  }
}

export const createAttempts = (options: AttemptsOptions): Attempts => new Writer(options);

/** One record per home, or more where one would be too large. */
function entriesOf(batch: readonly Waiting[]): LogEntry[] {
  const records: LogEntry[] = [];
  for (const [home, all] of Map.groupBy(batch, (one) => one.home)) {
    let some: string[] = [];
    let size = 0;
    const close = (): void => {
      const value = `{"v":1,"type":"attempts","home":${JSON.stringify(home)},"entries":[${some.join()}]}`;
      if (some.length > 0) records.push({ key: home, headers: { v: '1', type: 'attempts', home }, value });
      some = [];
      size = 0;
    };
    for (const { entry } of all) {
      if (size + entry.length > RECORD_MAX_BYTES) close();
      some.push(entry);
      size += entry.length;
    }
    close();
  }
  return records;
}
