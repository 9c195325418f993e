// The intake station: chunks and seals of the `jobs` topic become blobs, status bytes and cursors in Redis. Every step can be repeated.
import type { Clock } from '../../src/base/clock.ts';
import { Failure } from '../../src/base/failure.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { TicketQueue } from '../../src/base/queue.ts';
import { ask, type Redis } from '../../src/base/redis.ts';
import { encodeRows } from '../../src/base/rows.ts';
import { loadScript } from '../../src/base/script.ts';
import type { Service } from '../../src/base/service.ts';
import { PRIORITIES, STATUS_BYTE } from '../../src/contract/job.ts';
import {
  type ChunkRecord,
  type ControlRecord,
  type SealRecord,
  sealRecordSchema,
} from '../../src/contract/record.ts';
import type { Controls } from '../../src/lanes/control.ts';
import { cursorsOf } from '../../src/lanes/cursor.ts';
import { laneKeys } from '../../src/lanes/keys.ts';
import { wakeOf } from '../../src/lanes/lanes.ts';
import { stir } from '../../src/lanes/overdue.ts';
import { chunkKeys, jobKeys, jobRowKey, resendKey } from '../../src/ledger/keys.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { hintTold } from '../../src/ledger/outbox.ts';
import type { LedgerWriter } from '../../src/ledger/port.ts';
import { resultLine } from '../../src/ledger/results.ts';
import { isUploading } from '../../src/ledger/row.ts';
import type { Submissions } from '../../src/ledger/submissions.ts';
import { createUnsealed } from '../../src/ledger/unsealed.ts';
import type { DeliveredEntry, Follower, Log } from '../../src/log/port.ts';
import { followerProgress } from '../../src/log/progress.ts';
import { haveArrived } from './arrived.ts';
import { type ContactsOptions, takeContacts } from './contacts.ts';
import { lostChunkOf, readChunk, readRecord } from './records.ts';
import { eraseForgotten, type SuppressOptions, suppressOptedOut } from './suppress.ts';
import { zonesOfRows } from './zones.ts';

const putScript = loadScript(import.meta.dirname, 'lua/put-chunk.lua');
const failScript = loadScript(import.meta.dirname, 'lua/fail-chunk.lua');
/** In the place of a number of cursors: the job goes into no lane. */
const NO_LANE = -1;
const openScript = loadScript(import.meta.dirname, 'lua/open-job.lua');

/** put-chunk.lua: the chunk took the place of one that nobody could read; nobody knows whether the seal will come. */
const STOOD_IN = 2;
const UNSEALED = 3;

/** A start waits this long for its place in the group, so that who asks `/readyz` finds a service that works. Kafka may be away: then it goes on. */
const JOIN_MS = 15_000;

export interface IntakeOptions extends ContactsOptions {
  log: Log;
  redis: Redis;
  namespace: string;
  clock: Clock;
  logger: Logger;
  ledger: LedgerWriter & Pick<Ledger, 'row'>;
  controls: Pick<Controls, 'apply' | 'cancelRows'>;
  /** Letters of what customers want to be told of a home; '' = nothing. */
  toldOf?: (home: string) => string;
  tickets: TicketQueue;
  retries: { apply(record: ControlRecord): Promise<void> };
  suppressions: SuppressOptions['suppressions'];
  submissions: Pick<Submissions, 'add'>;
  /** Told behind which offset of a partition of the log everything is in Redis. */
  marked?(partition: number, offset: number): Promise<void>;
}

export interface Intake extends Service {
  readonly failed: Promise<never>;
  /** Works on an entry that was worked on before. Repeatable; an entry that can never be read ends what it stood for. */
  again(entry: DeliveredEntry): Promise<void>;
}

export function createIntake(options: IntakeOptions): Intake {
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  let follower: Follower | undefined;
  return {
    name: 'intake',
    failed: failed.promise,
    progress: followerProgress(() => follower, options.clock),
    start: async () => {
      follower = await options.log.follow({
        topic: 'jobs',
        group: 'intake',
        handle: (entry) => handle(options, entry),
        onParked: (entry) => endLostChunk(options, entry),
        ...(options.marked ? { marked: options.marked } : {}),
      });
      follower.failed.catch(failed.reject);
      await Promise.race([follower.joined, options.clock.delay(JOIN_MS)]);
    },
    stop: async () => follower?.stop(),
    again: async (entry) => {
      try {
        await handle(options, entry);
      } catch (error) {
        if (!(error instanceof Failure) || error.repeat !== 'never') throw error;
        await endLostChunk(options, entry);
      }
    },
  };
}

async function handle(options: IntakeOptions, entry: DeliveredEntry): Promise<void> {
  const record = readRecord(entry);
  // The log outlives the jobs in it: a reader that starts over must not send what has expired.
  if (record.dies_at <= options.clock.now()) return;
  if (record.type === 'chunk')
    await putChunk(options, record, record.stream !== undefined || entry.headers.parts === '1');
  else if (record.type === 'seal') await takeSeal(options, record);
  else await control(options, record);
}

/** The API has applied it too, as a rule: then it is not newer than the last, and changes nothing. */
async function control(options: IntakeOptions, record: ControlRecord): Promise<void> {
  const { controls, tickets, clock, retries } = options;
  if (record.action === 'retry') return retries.apply(record);
  const applied = await controls.apply(record, keysOf(options, record));
  if (applied.outcome !== 'done' || !applied.wake) return;
  const { n, wakeUs } = applied.wake;
  await tickets.add({ home: record.home, sender: record.sender, n }, wakeUs / 1_000 - clock.now());
}

/** `parts`: the log may have got only a part of the job. */
async function putChunk(options: IntakeOptions, record: ChunkRecord, parts: boolean): Promise<void> {
  const { redis, namespace } = options;
  const { blob, bytes, queued, leftOut } = readChunk(record);
  const { n, sha256, from, dies_at, fingerprint } = record;
  const keys = jobKeys(namespace, record.home, record.job, record.fingerprint);
  const chunk = chunkKeys(namespace, record.home, record.job, record.fingerprint, record.n);
  const sealed = await redis.run<number>(
    putScript,
    [keys.row, chunk.rows, keys.statuses, record.stream ? keys.arrived : keys.row, chunk.leftOut],
    [n, sha256, blob, from, bytes, queued, dies_at, fingerprint, leftOut, parts ? 1 : 0],
  );
  if (sealed === STOOD_IN) await tryAgain(options, record);
  else if (sealed === UNSEALED) await createUnsealed(redis, namespace).note(record, options.clock.now());
  else if (sealed) await openSealed(options, record.home, record.job);
}

/** The rows of a chunk that could not be read when it came: they have failed without a try. */
async function tryAgain(options: IntakeOptions, record: ChunkRecord): Promise<void> {
  const row = await options.ledger.row(record.home, record.job);
  if (!row) return;
  const { job, home, fingerprint, dies_at, from, count } = record;
  const name = { v: 1 as const, type: 'control' as const, job, home, fingerprint, sender: row.seal.sender };
  // Older than any control: a job that was canceled stays so.
  const order = { seq: 0, at: options.clock.now(), dies_at, action: 'retry' as const };
  await options.retries.apply({ ...name, ...order, retry: [[from, count, 0]] });
}

async function takeSeal(options: IntakeOptions, seal: SealRecord): Promise<void> {
  // Accept wrote the row before its 202; here it is written again for the case that Redis lost it.
  await options.ledger.create(seal);
  await open(options, seal);
}

/** A chunk that came after its seal. */
async function openSealed(options: IntakeOptions, home: string, job: string): Promise<void> {
  const seal = await options.redis.client.hget(jobRowKey(options.namespace, home, job), 'seal');
  if (seal) await open(options, sealRecordSchema.parse(JSON.parse(seal)));
}

async function open(options: IntakeOptions, seal: SealRecord): Promise<void> {
  const { logger, tickets, clock, controls } = options;
  const [state = '', n, wakeUs] = seal.stream
    ? await openStream(options, seal)
    : await openOnce(options, seal);
  if (state === 'other')
    return logger.warn('job.refused', { job: seal.job, reason: 'the id belongs to another body' });
  if (state === 'again') return open(options, seal);
  if (state === 'canceling') await controls.cancelRows(seal, keysOf(options, seal), seal.rows);
  if (state !== 'open' && state !== 'paused') return;
  await eraseForgotten(options, seal);
  if (seal.kind === 'contacts') return takeContacts(options, seal);
  if (seal.kind !== 'messages') return options.submissions.add(seal);
  await watchUnknown(options, seal);
  logger.info('job.opened', { job: seal.job, sender: seal.sender, count: seal.total });
  const wake = wakeOf(String(n), String(wakeUs));
  if (wake)
    await tickets.add({ home: seal.home, sender: seal.sender, n: wake.n }, wake.wakeUs / 1_000 - clock.now());
  const count = await suppressOptedOut(options, seal);
  if (count > 0) logger.info('job.suppressed', { job: seal.job, sender: seal.sender, count });
}

/** The chunks of a stream are compared here: by then its row says that it is sealed, so one that comes later opens the job. */
async function openStream(options: IntakeOptions, seal: SealRecord): Promise<string[]> {
  const { redis, namespace } = options;
  let found = await openOnce(options, seal, false);
  if (found[0] === 'again') {
    if (found[1] !== 'sealed') return found;
    if (!(await haveArrived(redis, namespace, seal))) return ['waiting'];
    found = await openOnce(options, seal);
  }
  if (!['again', 'other', 'waiting'].includes(found[0] ?? ''))
    await ask(redis.client.unlink(keysOf(options, seal).arrived));
  return found;
}

/** Upkeep looks at jobs that send unknown items once more. Repeatable. */
async function watchUnknown({ redis, namespace, clock }: IntakeOptions, seal: SealRecord): Promise<void> {
  if (seal.on_unknown !== 'resend') return;
  await ask(redis.client.zadd(resendKey(namespace), 'NX', clock.now(), `${seal.job} ${seal.home}`));
}

const keysOf = ({ namespace }: IntakeOptions, { home, job, fingerprint }: JobName) =>
  jobKeys(namespace, home, job, fingerprint);
type JobName = Pick<SealRecord, 'home' | 'job' | 'fingerprint'>;

/** A job that was changed before it was in its lane has its newer seal in its row. */
async function openOnce(options: IntakeOptions, logged: SealRecord, whole = true): Promise<string[]> {
  const { redis, namespace, clock, contacts } = options;
  const [stored, seen, fingerprint] = await ask(
    redis.client.hmget(jobRowKey(namespace, logged.home, logged.job), 'seal', 'rev', 'fp'),
  );
  const known = stored && seen && fingerprint === logged.fingerprint ? stored : undefined;
  const changed = known === undefined ? undefined : sealRecordSchema.parse(JSON.parse(known));
  const seal = changed && !isUploading(changed) ? changed : logged;
  const keys = laneKeys(namespace, { home: seal.home, sender: seal.sender });
  const job = jobKeys(namespace, seal.home, seal.job, seal.fingerprint);
  const zones = whole ? await zonesOfRows(redis, namespace, seal, contacts.zones) : undefined;
  const inLane = seal.kind === 'messages';
  const cursors =
    !whole || !inLane
      ? []
      : zones || seal.quiet_hours?.time_zone !== 'recipient'
        ? cursorsOf(seal, zones, clock.now())
        : [];
  stir(redis, namespace, seal.home);
  const letters = options.toldOf?.(seal.home) ?? '';
  const opened = await redis.run<string[]>(
    openScript,
    [
      job.row,
      keys.lane,
      keys.lanes,
      keys.queues[PRIORITIES.indexOf(seal.priority)] ?? keys.queues[2],
      keys.cursors,
      keys.scheduled,
      job.zones,
      job.outbox,
    ],
    [
      '',
      seal.sender,
      seal.fingerprint,
      seal.priority,
      JSON.stringify(seal),
      seal.dies_at,
      zones ? JSON.stringify(zones.sets.map((set) => set.zones)) : '',
      zones?.bytes ?? '',
      seen ?? '0',
      inLane || !whole ? cursors.length : NO_LANE,
      seal.job,
      letters,
      ...cursors.flatMap(({ name, text }) => [name, text]),
      ...(seal.digests ?? []),
    ],
  );
  if (letters !== '') hintTold(redis, namespace, seal.home);
  return opened;
}

/** The items of a chunk that can never be read end as failed, so that the job ends and its owner sees why. */
async function endLostChunk(options: IntakeOptions, entry: DeliveredEntry): Promise<void> {
  const { job, home, type } = entry.headers;
  // An unreadable seal: accept wrote the same words into the job's row.
  if (type === 'seal' && job && home) return openSealed(options, home, job);
  const lost = lostChunkOf(entry);
  if (!lost) return;
  const { redis, namespace, clock } = options;
  const keys = jobKeys(namespace, lost.home, lost.job, lost.fingerprint);
  const chunk = chunkKeys(namespace, lost.home, lost.job, lost.fingerprint, lost.n);
  const error = { code: 'record_unreadable', message: 'the stored record of this row could not be read' };
  const lines = Array.from({ length: lost.count }, (_, i) =>
    resultLine({ index: lost.from + i, atMs: clock.now(), providerId: null, error }),
  ).join('');
  const sealed = await redis.run<number>(
    failScript,
    [keys.row, chunk.rows, keys.statuses, chunk.results, lost.stream ? keys.arrived : keys.row],
    [
      lost.n,
      '*',
      await encodeRows([]),
      lost.from,
      STATUS_BYTE.failed.repeat(lost.count),
      lost.count,
      lost.diesAtMs,
      lost.fingerprint,
      lines,
    ],
  );
  if (sealed) await openSealed(options, lost.home, lost.job);
}
