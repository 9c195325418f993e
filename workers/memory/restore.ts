// Makes Redis right again from the log: what is missing in it is brought in, what is there stays. An emptied Redis is filled from the
// beginning of every topic; one that went back a little, from where it says that it had read to. Memory is bounded: entries are worked off as
// they are read, and only the names of jobs that changed are kept.
import type { AccountsRegistry } from '../../src/accounts/registry.ts';
import type { Clock } from '../../src/base/clock.ts';
import { Failure, unavailable } from '../../src/base/failure.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { PersonOf } from '../../src/base/person.ts';
import { ask, type Redis } from '../../src/base/redis.ts';
import type { SealRecord } from '../../src/contract/record.ts';
import { laneKeys } from '../../src/lanes/keys.ts';
import { jobListKey } from '../../src/ledger/keys.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { DeliveredEntry, History, Range, Topic } from '../../src/log/port.ts';
import { seatKey } from '../../src/memory/keys.ts';
import type { Memory, Standing } from '../../src/memory/memory.ts';
import { limitKeyList, limitsOf } from '../../src/pacing/limits.ts';
import { finishJob } from './finish.ts';
import { createReplay, type ReplayOptions, readRecord } from './replay.ts';
import { tellAgain, toldUntil } from './told.ts';

const LIST_PAGE_JOBS = 500;
/** Retries that a client asked for are brought in again at the end: so many at most, of a topic that holds 52 days. */
const MAX_RETRIES = 10_000;
/** Jobs that are remembered while the log is read. */
const MAX_SEALS = 200;
/** After an emptied Redis somebody with the accounts file must bring the accounts back. */
const ACCOUNTS_PATIENCE_MS = 30_000;
const LOOK_MS = 250;
/** Nobody is called again before this, counted from the last start: a pair's six seconds, and limits of seconds. */
const QUIET_MS = 7_000;

export interface RestoreOptions {
  redis: Redis;
  namespace: string;
  clock: Clock;
  logger: Logger;
  history: History;
  memory: Memory;
  ledger: Pick<Ledger, 'row'>;
  accounts: Pick<AccountsRegistry, 'homes' | 'sender' | 'sendersOf' | 'refresh' | 'toldOf'>;
  personOf: PersonOf;
  /** A job's id names its home. */
  homeOfJob(job: string): string | undefined;
  /** What the stations do with an entry of these topics. Each may be repeated, and does nothing with what is in already. */
  jobs(entry: DeliveredEntry): Promise<void>;
  receipts(entry: DeliveredEntry): Promise<void>;
  events(entry: DeliveredEntry): Promise<void>;
  state(entries: DeliveredEntry[]): Promise<void>;
  /** All is in: who was forgotten is taken out again. */
  erase(): Promise<void>;
  audit(entries: DeliveredEntry[]): Promise<void>;
  /** Hears how far it is. */
  progress(topic: Topic | 'items', done: number): void;
}

/** Whether starts that the log knows are missing in Redis. */
export async function hasLost(options: RestoreOptions, standing: Standing): Promise<boolean> {
  if (standing.verified === undefined) return true;
  const newest = new Map<string, number>();
  await options.history.read(
    'attempts',
    await rangesOf(options, 'attempts', standing, false),
    async (entries) => {
      for (const entry of entries) {
        const record = readRecord(entry);
        for (const one of record?.entries ?? [])
          if (record && one.type === 'started')
            newest.set(record.home, Math.max(newest.get(record.home) ?? 0, one.seq));
      }
    },
  );
  for (const [home, seq] of newest) {
    const known = await ask(options.redis.client.hget(seatKey(options.namespace, home), 'seq'));
    if (Number(known ?? 0) < seq) return true;
  }
  return false;
}

/** Nothing was ever written: neither to the log nor, as far as anybody can know, to Redis. */
export async function isNew({ history }: Pick<RestoreOptions, 'history'>): Promise<boolean> {
  const all = await Promise.all(
    (['jobs', 'attempts', 'receipts'] as const).map((topic) => history.bounds(topic)),
  );
  return all.every((bounds) => [...bounds.values()].every(({ high }) => high === 0));
}

/**
 * Resolves with whether the server is still the one that was looked at. `lost`: starts are missing, so what was under way is unknown;
 * else only what the stations had done last is done again.
 */
export async function restore(options: RestoreOptions, standing: Standing, lost: boolean): Promise<boolean> {
  const { memory, history, clock } = options;
  const whole = standing.verified === undefined;
  const marks = new Map<Topic, Map<number, number>>();
  const read = async (
    topic: Topic,
    handle: (entries: DeliveredEntry[]) => Promise<void>,
    all = whole,
  ): Promise<void> => {
    const ranges = await rangesOf(options, topic, standing, all);
    let done = 0;
    await history.read(topic, ranges, async (entries) => {
      await handle(entries);
      done += entries.length;
      options.progress(topic, done);
    });
    marks.set(topic, new Map([...ranges].map(([partition, { to }]) => [partition, to])));
  };
  const each = (handle: (entry: DeliveredEntry) => Promise<void>) => async (entries: DeliveredEntry[]) => {
    for (const entry of entries) await skipping(handle, entry);
  };
  await accountsThere(options);
  // Always: what people asked for last need not have been followed by a start.
  const [toldMs] = await Promise.all([
    toldUntil(history, clock.now()),
    read('state', options.state, true),
    read('audit', options.audit, true),
  ]);
  if (whole) await forgetLimits(options);
  const retries: DeliveredEntry[] = [];
  await read('jobs', async (entries) => {
    await each(options.jobs)(entries);
    for (const entry of entries)
      if (entry.value.includes('"action":"retry"') && retries.length < MAX_RETRIES) retries.push(entry);
  });
  const replaying = replayOf(options, toldMs);
  const touched = new Map<string, string>();
  let startedMs = 0;
  const replay = createReplay(replaying, (home, job, moved) => {
    if (!whole && (lost || moved > 0)) touched.set(job, home);
  });
  await read('attempts', async (entries) => {
    await replay.take(entries);
    startedMs = Math.max(startedMs, ...entries.map(lastStartOf));
  });
  // An end that only the log knew may be the last of its job, or one that sends its item back.
  await finishAll(options, replaying, whole ? undefined : touched, lost);
  if (lost) await each(options.jobs)(retries);
  await read('receipts', each(options.receipts));
  marks.set('events', await tellAgain(options, standing, each(options.events)));
  await options.erase();
  if (lost) await clock.delay(Math.max(0, Math.min(QUIET_MS, startedMs + QUIET_MS - clock.now())));
  const { jobs, attempts, receipts, events } = Object.fromEntries(marks);
  const kept = Object.entries({ jobs, attempts, receipts, events }).flatMap(([topic, at]) =>
    at ? [[topic, at] as const] : [],
  );
  return memory.confirm(standing.run, new Map(kept));
}

const lastStartOf = (entry: DeliveredEntry): number =>
  Math.max(0, ...(readRecord(entry)?.entries ?? []).map((one) => (one.type === 'started' ? one.at : 0)));

/** From the beginning, or from where Redis says it had read to; up to the end as it is now. */
async function rangesOf(
  { history }: RestoreOptions,
  topic: Topic,
  { marks }: Standing,
  whole: boolean,
): Promise<Map<number, Range>> {
  const known = marks.get(topic);
  return new Map(
    [...(await history.bounds(topic))].map(([partition, { low, high }]) => {
      const from = whole ? low : Math.max(low, known?.get(partition) ?? low);
      return [partition, { from: Math.min(from, high), to: high }];
    }),
  );
}

/** What can never be read was parked when it came. */
async function skipping(
  handle: (entry: DeliveredEntry) => Promise<void>,
  entry: DeliveredEntry,
): Promise<void> {
  try {
    await handle(entry);
  } catch (error) {
    if (!(error instanceof Failure) || error.repeat !== 'never') throw error;
  }
}

async function accountsThere({ accounts, clock }: RestoreOptions): Promise<void> {
  const giveUpUs = clock.monotonicUs() + ACCOUNTS_PATIENCE_MS * 1_000;
  for (;;) {
    await accounts.refresh();
    if (accounts.homes().length > 0) return;
    if (clock.monotonicUs() > giveUpUs)
      throw unavailable('Redis holds no accounts: start a process that has the accounts file');
    await clock.delay(LOOK_MS);
  }
}

/** What the log says of calls is counted from nothing; calls that are said to be under way are in the log. */
async function forgetLimits({ redis, namespace, accounts }: RestoreOptions): Promise<void> {
  for (const { home } of accounts.homes())
    for (const sender of accounts.sendersOf(home)) {
      const lane = { home, sender: sender.id };
      const { fly, flying } = laneKeys(namespace, lane);
      const rolling = limitsOf(sender).filter(({ kind }) => kind === 'rolling' || kind === 'concurrency');
      await ask(
        redis.client.del(fly, flying, ...limitKeyList(namespace, lane, rolling).slice(0, 2 * rolling.length)),
      );
    }
}

function replayOf(options: RestoreOptions, toldMs: number): ReplayOptions {
  const { redis, namespace, clock, ledger, accounts, personOf } = options;
  const seals = new Map<string, SealRecord>();
  const sealOf = async (home: string, job: string): Promise<SealRecord | undefined> => {
    const known = seals.get(job);
    if (known) return known;
    const found = (await ledger.row(home, job))?.seal;
    if (seals.size >= MAX_SEALS) seals.clear();
    if (found) seals.set(job, found);
    return found;
  };
  const nowMs = () => clock.now();
  const { sender, toldOf } = accounts;
  return { redis, namespace, run: clock.randomHex(8), sealOf, sender, personOf, nowMs, toldOf, toldMs };
}

/** `touched`: job → home; undefined: every job there is. */
async function finishAll(
  options: RestoreOptions,
  replaying: ReplayOptions,
  touched: ReadonlyMap<string, string> | undefined,
  lost: boolean,
): Promise<void> {
  let done = 0;
  const finish = async (home: string, job: string): Promise<void> => {
    await finishJob(replaying, home, job, lost);
    done += 1;
    options.progress('items', done);
  };
  if (touched) {
    for (const [job, home] of touched) await finish(home, job);
    return;
  }
  for await (const { home, job } of allJobs(options)) await finish(home, job);
}

async function* allJobs({
  redis,
  namespace,
  accounts,
  homeOfJob,
}: RestoreOptions): AsyncGenerator<{ home: string; job: string }> {
  const lists = new Set(
    accounts.homes().map(({ workspace, environment }) => jobListKey(namespace, workspace, environment)),
  );
  for (const list of lists)
    for (let from = 0; ; from += LIST_PAGE_JOBS) {
      const jobs = await ask(redis.client.zrange(list, String(from), String(from + LIST_PAGE_JOBS - 1)));
      for (const job of jobs) {
        const home = homeOfJob(job);
        if (home !== undefined) yield { home, job };
      }
      if (jobs.length < LIST_PAGE_JOBS) break;
    }
}
