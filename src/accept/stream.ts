// `POST /v1/jobs`: an upload of up to 10 million rows → chunks in the log as it comes in, then the seal, then 202. Nothing is sent before the seal
// is there. The job can be seen, paused and canceled meanwhile. When the connection breaks, the same body with the same key goes on: what the log
// has is compared and not sent again. So a fingerprint of the whole body is not known when the first chunk is written; in its place stands one
// of the key's claim, and the digests of all chunks that were ever written under it bind the key to one body.
import { createHash } from 'node:crypto';
import type { Accounts, Principal, Sender } from '../accounts/port.ts';
import type { Clock } from '../base/clock.ts';
import { Failure, refused } from '../base/failure.ts';
import type { Logger } from '../base/logger.ts';
import type { Redis } from '../base/redis.ts';
import type { Secret } from '../base/secret.ts';
import type { SealRecord } from '../contract/record.ts';
import { type BulkRequestBody, JOB_LIFE_MS } from '../contract/request.ts';
import { jobIdOf } from '../ledger/job-id.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { acceptedRow, cutsOf, jobOf } from '../ledger/row.ts';
import type { Uploads } from '../ledger/uploads.ts';
import type { Log } from '../log/port.ts';
import type { MemoryRight } from '../memory/forgetful.ts';
import { perhapsStored } from './append.ts';
import type { Backlog } from './backlog.ts';
import { keyOf } from './body.ts';
import { type Claimed, type Claims, createClaims, type Held } from './claim.ts';
import { checkMeaning, parseEnvelope, senderOf } from './envelope.ts';
import { checkFinish, type FinishOf } from './finish.ts';
import { entryOf, sealed } from './job-records.ts';
import { idempotencyKeys } from './keys.ts';
import type { BulkReply } from './port.ts';
import type { ContentCheck } from './rows.ts';
import { createStreamAppend, otherBody } from './stream-append.ts';
import { fieldsOf } from './stream-fields.ts';
import { readUpload, refuseBadLines, type Upload, type UploadRead } from './stream-read.ts';

/** A claim's lease is a minute; it is renewed this often while chunks go out. */
const RENEW_US = 15_000_000;
const BUSY_RETRY_MS = 1_000;

export interface StreamRequest extends Upload {
  principal: Principal;
  route: string;
  idempotencyKey: string | undefined;
  /** As it came, without "?". */
  rawQuery: string;
  contentType: string;
}

export interface StreamAcceptOptions {
  redis: Redis;
  namespace: string;
  secret: Secret;
  clock: Clock;
  log: Pick<Log, 'append'>;
  ledger: Pick<Ledger, 'row'>;
  uploads: Uploads;
  accounts: Pick<Accounts, 'sender'>;
  logger: Logger;
  check: ContentCheck;
  backlog: Backlog;
  memoryRight?: MemoryRight;
  /** As for bulk requests. */
  finishOf?: FinishOf;
}

/**
 * Resolves once the log has every chunk and the seal. Throws `Failure`: those of `Accept.bulk`, `payload_too_large`, and `conflict` when the job was
 * canceled or given up meanwhile. Where the same request may go on, the key stays bound to what was stored.
 */
export type StreamAccept = (request: StreamRequest) => Promise<BulkReply>;

export function createStreamAccept(options: StreamAcceptOptions): StreamAccept {
  const station: Station = {
    ...options,
    claims: createClaims(options.redis, options.clock, options.memoryRight),
  };
  return (request) => accept(station, request);
}

interface Station extends StreamAcceptOptions {
  claims: Claims;
}

async function accept(station: Station, request: StreamRequest): Promise<BulkReply> {
  const { principal, query } = request;
  // One message stands for all that are to come.
  const envelope = parseEnvelope('bulk', { ...fieldsOf(query), messages: [0] });
  const sender = senderOf(station.accounts, principal, { sender: query.sender });
  const claimed = await claim(station, request, sender);
  if (claimed.state === 'done') return replay(station, request, claimed);
  if (claimed.state !== 'held') return refuseClaim(station, claimed, envelope);
  const { held } = claimed;
  try {
    const ready = checkMeaning(envelope, sender, held.createdMs);
    return await begin(station, request, held, envelope, ready);
  } catch (error) {
    await station.claims.release(held, mayGoOn(error));
    throw error;
  }
}

/** The key is bound to what it was used with; anything that the body itself cannot change may go on with the same one. */
const mayGoOn = (error: unknown): boolean =>
  !(error instanceof Failure) ||
  !['invalid_request', 'unprocessable', 'payload_too_large'].includes(error.code) ||
  error.repeat !== 'never';

function claim(station: Station, request: StreamRequest, sender: Sender | undefined): Promise<Claimed> {
  const { workspace, environment } = request.principal;
  const { key, made } = keyOf(request.idempotencyKey, {}, station.clock);
  const scope = [workspace, environment, request.route, key] as const;
  return station.claims.claim({
    keys: idempotencyKeys(station.namespace, { workspace, environment, route: request.route, key }),
    fingerprint: createHash('sha256')
      .update(JSON.stringify(['stream', request.contentType, request.rawQuery]))
      .digest(),
    keyless: made,
    job: sender === undefined ? '' : jobIdOf(station.secret, sender.home, [...scope]),
    home: sender?.home ?? '',
  });
}

function refuseClaim(station: Station, claimed: Claimed, envelope: BulkRequestBody): never {
  if (claimed.state === 'mismatch') throw otherBody();
  if (claimed.state === 'absent') checkMeaning(envelope, undefined, station.clock.now());
  throw new Failure({
    code: 'idempotency_in_progress',
    message: 'A request with this idempotency key is still in progress',
    repeat: 'safe',
    retryAfterMs: BUSY_RETRY_MS,
  });
}

/** The key's job is there. Its body must be this one, to the last byte. */
async function replay(
  { ledger }: Station,
  { body }: StreamRequest,
  { job, home, reply }: Extract<Claimed, { state: 'done' }>,
): Promise<BulkReply> {
  const whole = createHash('sha256');
  for await (const slice of body) whole.update(slice);
  const row = await ledger.row(home, job);
  if (row && row.seal.stream?.body !== whole.digest('hex')) throw otherBody();
  const lists = reply === '' ? NO_LISTS : (JSON.parse(reply) as Pick<BulkReply, 'rejected' | 'duplicates'>);
  return { job, home, accepted: undefined, replayed: true, ...lists };
}

const NO_LISTS = { rejected: [], duplicates: [] };

async function begin(
  station: Station,
  request: StreamRequest,
  held: Held,
  envelope: BulkRequestBody,
  sender: Sender,
): Promise<BulkReply> {
  const { uploads, clock, claims } = station;
  const fingerprint = createHash('sha256')
    .update(held.fingerprint)
    .update(`${held.createdMs} ${held.job}`)
    .digest('hex');
  const base = {
    v: 1 as const,
    job: held.job,
    home: held.home,
    fingerprint,
    dies_at: held.createdMs + JOB_LIFE_MS,
  };
  const shared = { ...base, type: 'seal' as const };
  const nothing = { rows: 0, total: 0, rejectedCount: 0, duplicateCount: 0 };
  const empty: SealRecord = {
    ...shared,
    stream: { cuts: '', digest: '', body: '' },
    ...sealed(request.principal, held, envelope, nothing),
  };
  const begun = await uploads.begin(empty, clock.now());
  if (begun.state === 'sealed') {
    const found = await replay(station, request, {
      state: 'done',
      job: held.job,
      home: held.home,
      reply: '',
    });
    await claims.done(held, '');
    return found;
  }
  if (begun.state !== 'begun')
    throw refused('conflict', 'The upload of this key was given up: post it with another key.');
  // What the log has already counts too: nobody finds it among the open jobs before the seal.
  const admitted: (() => void)[] = [];
  const admit = async (items: number): Promise<void> => {
    admitted.push(await station.backlog.admit(request.principal.workspace, items));
  };
  const append = createStreamAppend({ ...station, base, begun, before: renewing(station, held), admit });
  try {
    const read = await readUpload(request, envelope, station.check, append);
    refuseBadLines(envelope, read);
    await checkFinish(envelope, sender, { total: read.total }, held.createdMs, station.finishOf);
    await append.end();
    const { counts, digest } = append.result();
    const seal: SealRecord = {
      ...shared,
      stream: { cuts: cutsOf(counts), digest, body: read.body },
      ...sealed(request.principal, held, envelope, read),
    };
    return await close(station, held, seal, read);
  } catch (error) {
    if (!mayGoOn(error) || (error instanceof Failure && error.code === 'conflict'))
      await uploads.end(base).catch(() => {});
    throw error;
  } finally {
    for (const stored of admitted) stored();
  }
}

/** Keeps the claim while chunks go out. */
function renewing({ claims, clock }: Station, held: Held): () => Promise<void> {
  let lastUs = clock.monotonicUs();
  return async () => {
    if (clock.monotonicUs() - lastUs < RENEW_US) return;
    lastUs = clock.monotonicUs();
    if (await claims.renew(held)) return;
    throw new Failure({
      code: 'idempotency_in_progress',
      message: 'Another request with this idempotency key has taken over',
      repeat: 'unsafe',
      retryAfterMs: BUSY_RETRY_MS,
    });
  };
}

/** From here on the job may exist. */
async function close(station: Station, held: Held, seal: SealRecord, read: UploadRead): Promise<BulkReply> {
  const { log, uploads, claims, logger } = station;
  const lists = {
    rejected: read.rejected.map(({ index, code, message, line }) => ({
      index,
      code,
      message,
      ...(line !== null && { line }),
    })),
    duplicates: read.duplicates.map(({ index, of }) => ({ index, of: of ?? 0 })),
  };
  try {
    await log.append('jobs', [entryOf(seal)]);
    if (!(await uploads.sealed(seal))) throw refused('conflict', 'The upload was given up.');
    await claims.done(
      held,
      lists.rejected.length + lists.duplicates.length === 0 ? '' : JSON.stringify(lists),
    );
  } catch (error) {
    throw error instanceof Failure && error.code === 'conflict' ? error : perhapsStored(error);
  }
  const { job, workspace, sender, home, total } = seal;
  logger.info('job.accepted', { job, workspace, sender, home, count: total });
  return { job, home, accepted: jobOf(acceptedRow(seal), seal.created_at), replayed: false, ...lists };
}
