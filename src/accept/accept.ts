// The station accept: body → claim → checked rows → chunks and seal in the log → the job's row → claim done → its id.
// Never an answer before the log's word; a crash anywhere is mended by sending the same request again.
import type { Accounts, Principal, Sender } from '../accounts/port.ts';
import type { Clock } from '../base/clock.ts';
import { Failure, refused } from '../base/failure.ts';
import type { Logger } from '../base/logger.ts';
import type { Redis } from '../base/redis.ts';
import type { Secret } from '../base/secret.ts';
import type { Contacts } from '../contacts/contacts.ts';
import type { Audience } from '../contract/audience.ts';
import type { Job, JobKind } from '../contract/job.ts';
import type { ProblemDetail } from '../contract/problem.ts';
import type { SealRecord } from '../contract/record.ts';
import type { BulkRequestBody } from '../contract/request.ts';
import { jobIdOf } from '../ledger/job-id.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { LedgerWriter } from '../ledger/port.ts';
import { acceptedRow, jobOf } from '../ledger/row.ts';
import { UNSEALED_MS } from '../ledger/unsealed.ts';
import type { Log } from '../log/port.ts';
import type { MemoryRight } from '../memory/forgetful.ts';
import { appendJob, perhapsStored } from './append.ts';
import { type Addressed, addressed, frozen, thaw, withList } from './audience.ts';
import type { Backlog } from './backlog.ts';
import { type Body, fingerprintOf, keyOf, parseBody } from './body.ts';
import { type Claimed, type Claims, createClaims, type Held } from './claim.ts';
import { checkContacts } from './contacts.ts';
import { checkMeaning, parseEnvelope, type Shape, senderOf } from './envelope.ts';
import { checkFinish, type FinishOf } from './finish.ts';
import { type JobRecords, recordsOf } from './job-records.ts';
import { idempotencyKeys } from './keys.ts';
import type { TemplateChecks } from './known-templates.ts';
import { checkMessages } from './messages.ts';
import { parseTurn } from './parse-turns.ts';
import type { Accept, BulkReply, BulkRequest } from './port.ts';
import type { CheckedRows, ContentCheck } from './rows.ts';
import { submittedMedia, submittedTemplate } from './submitted.ts';

/** A request in progress seldom takes longer; the client is asked back after this at most. */
const BUSY_RETRY_MS = 1_000;
/** Who stood still for longer since its claim answers no 202: what it had stored may have been taken away meanwhile. */
const STORE_MAX_US = (UNSEALED_MS * 1_000) / 2;

export interface AcceptOptions {
  redis: Redis;
  namespace: string;
  secret: Secret;
  clock: Clock;
  log: Pick<Log, 'append'>;
  ledger: Pick<LedgerWriter, 'create'> & Pick<Ledger, 'row'>;
  accounts: Pick<Accounts, 'sender'>;
  contacts: Pick<Contacts, 'audience'>;
  logger: Logger;
  backlog: Backlog;
  /** `Platform.check` of the platform that the senders are on. */
  check: ContentCheck;
  memoryRight?: MemoryRight;
  /** What is known of the templates of senders; undefined: nothing. */
  catalogs?: TemplateChecks['catalogs'];
  /** Undefined: `finish_by` is only held against what the limits allow at most. */
  finishOf?: FinishOf;
}

export function createAccept(options: AcceptOptions): Accept {
  const station: Station = {
    ...options,
    claims: createClaims(options.redis, options.clock, options.memoryRight),
  };
  return {
    bulk: (request) => accept(station, 'bulk', request),
    one: (request) => accept(station, 'one', request),
    contacts: (request) => accept(station, 'contacts', request),
    template: (request) => accept(station, 'template', request),
    media: (request) => accept(station, 'media', request),
  };
}

interface Station extends AcceptOptions {
  claims: Claims;
}

async function accept(station: Station, shape: Shape, request: BulkRequest): Promise<BulkReply> {
  const startedUs = station.clock.monotonicUs();
  await parseTurn(request.raw.length);
  const body = parseBody(request.raw);
  const claimed = await claim(station, request, body);
  if (claimed.state === 'held') return work(station, shape, request, body, claimed.held, startedUs);
  if (claimed.state !== 'absent') return answerOf(claimed, undefined);
  // The sender is not known, so nothing was claimed and nothing can be accepted: this says why.
  checkMeaning(parseEnvelope(shape, body), undefined, station.clock.now());
  throw refused('unprocessable', 'The sender is not known');
}

/** A replay must not depend on the sender as it is now, so an unknown or disabled one only looks whether the key is held. */
function claim(station: Station, request: BulkRequest, body: Body): Promise<Claimed> {
  const { workspace, environment } = request.principal;
  const { key, made } = keyOf(request.idempotencyKey, body, station.clock);
  const home = senderOf(station.accounts, request.principal, body)?.home;
  return station.claims.claim({
    keys: idempotencyKeys(station.namespace, { workspace, environment, route: request.route, key }),
    fingerprint: fingerprintOf(request),
    keyless: made,
    job:
      home === undefined ? '' : jobIdOf(station.secret, home, [workspace, environment, request.route, key]),
    home: home ?? '',
  });
}

/** The claim is ours. What goes wrong before the log is asked frees the key; after that it stays bound to this body. */
async function work(
  station: Station,
  shape: Shape,
  request: BulkRequest,
  body: Body,
  held: Held,
  startedUs: number,
): Promise<BulkReply> {
  let outcome: Claimed;
  let seal: SealRecord;
  try {
    const envelope = parseEnvelope(shape, body);
    const known = senderOf(station.accounts, request.principal, body);
    const ready = checkMeaning(envelope, known, held.createdMs);
    const list = envelope.audience && (await listOf(station, request.principal, envelope.audience, held));
    const checked = await checkedRows(station, shape, envelope, ready, held, list);
    refuseBadRows(shape, envelope.validation, checked);
    await checkFinish(envelope, ready, checked, held.createdMs, station.finishOf);
    const bound = list ? withList(held, list) : held;
    const records = await recordsOf(
      request.principal,
      bound,
      envelope,
      checked,
      KINDS[shape],
      held.fingerprint,
    );
    seal = records.seal;
    await request.prepare?.(held.job);
    outcome = await storeWithin(station, held, records, keptReply(checked), startedUs);
    if (outcome.state === 'done') tell(station, seal, startedUs);
    if (envelope.audience) void thaw(station.redis, held);
  } catch (error) {
    const unsure = error instanceof Failure && error.repeat === 'unsafe';
    if (!unsure && Object.hasOwn(body, 'audience')) await thaw(station.redis, held);
    await station.claims.release(held, unsure);
    throw error;
  }
  return answerOf(outcome, jobOf(acceptedRow(seal), seal.created_at));
}

const KINDS: Readonly<Record<Shape, JobKind>> = {
  bulk: 'messages',
  one: 'messages',
  contacts: 'contacts',
  template: 'templates',
  media: 'media',
};

function checkedRows(
  { check, claims, catalogs }: Station,
  shape: Shape,
  envelope: BulkRequestBody,
  sender: Sender,
  held: Held,
  list: readonly Addressed[] | undefined,
): CheckedRows | Promise<CheckedRows> {
  switch (shape) {
    case 'contacts':
      return checkContacts(envelope.messages);
    case 'template':
      return submittedTemplate(envelope.messages, sender);
    case 'media':
      return submittedMedia(envelope.messages);
    default:
      return checkMessages(
        { catalogs, before: held.templates, note: (facts) => claims.note(held, facts) },
        sender,
        envelope,
        list,
        check,
      );
  }
}

/** What was frozen first under the claim. */
const listOf = (station: Station, principal: Principal, audience: Audience, held: Held) =>
  frozen(station.redis, held, () => addressed(station.contacts, principal, audience));

function tell({ logger, clock }: Station, seal: SealRecord, startedUs: number): void {
  const { job, workspace, sender, home, total } = seal;
  const durationMs = Math.round((clock.monotonicUs() - startedUs) / 1_000);
  logger.info('job.accepted', { job, workspace, sender, home, count: total, duration_ms: durationMs });
}

/** Where too much waits already, nothing is stored. */
async function storeWithin(
  station: Station,
  held: Held,
  records: JobRecords,
  reply: string,
  startedUs: number,
): Promise<Claimed> {
  if (held.taken && (await isOthers(station, held))) return { state: 'mismatch' };
  const stored = await station.backlog.admit(records.seal.workspace, records.seal.total);
  try {
    return await store(station, held, records, reply, startedUs);
  } finally {
    stored();
  }
}

/** From here on the job may exist: every failure but a clean refusal of the first append is `unsafe`. */
async function store(
  station: Station,
  held: Held,
  { entries, seal }: JobRecords,
  reply: string,
  startedUs: number,
): Promise<Claimed> {
  await appendJob(station.log, entries);
  try {
    if (station.clock.monotonicUs() - startedUs > STORE_MAX_US) throw new Error('it took too long');
    const created = station.ledger.create(seal);
    if (held.taken && !(await created) && (await isOthers(station, held))) return { state: 'mismatch' };
    // Side by side, the row first on the wire: a replay that sees `done` finds the row, or intake writes it from the log.
    const [own, outcome] = await Promise.all([created, station.claims.done(held, reply)]);
    if (!own && (await isOthers(station, held))) return { state: 'mismatch' };
    return outcome;
  } catch (error) {
    throw perhapsStored(error);
  }
}

/** The first body whose seal came has the job for good, and so the key. */
async function isOthers({ ledger, claims }: Station, held: Held): Promise<boolean> {
  const row = await ledger.row(held.home, held.job);
  if (!row) return false;
  const { fingerprint, request = fingerprint } = row.seal;
  if (request === held.fingerprint.toString('hex')) return false;
  await claims.yieldTo(held, row.seal);
  return true;
}

/** Bad rows end the request when it is strict, or when none is good. */
function refuseBadRows(
  shape: Shape,
  validation: 'permissive' | 'strict',
  { rejected, rejectedCount, total }: CheckedRows,
): void {
  if (rejectedCount === 0 || (validation === 'permissive' && total > 0)) return;
  const kind = shape === 'contacts' ? 'contacts' : 'messages';
  const details: ProblemDetail[] = rejected.map(({ index, field, code, message }) => {
    const row = shape === 'one' ? '' : `${kind}[${index}]`;
    return { path: row === '' || field === '' ? row + field : `${row}.${field}`, code, message };
  });
  if (validation === 'strict')
    throw refused('invalid_request', `${rejectedCount} of the ${kind} cannot be taken`, details);
  throw refused('unprocessable', `None of the ${kind} can be taken`, details);
}

/** The two lists of the 202, as they are kept; empty when there is nothing to say. */
function keptReply({ rejected, duplicates }: CheckedRows): string {
  if (rejected.length + duplicates.length === 0) return '';
  return JSON.stringify({
    rejected: rejected.map(({ index, code, message }) => ({ index, code, message })),
    duplicates,
  });
}

/** `accepted`: the job that this request made; undefined on a replay. */
function answerOf(claimed: Claimed, accepted: Job | undefined): BulkReply {
  if (claimed.state === 'done') {
    const lists =
      claimed.reply === ''
        ? { rejected: [], duplicates: [] }
        : (JSON.parse(claimed.reply) as Pick<BulkReply, 'rejected' | 'duplicates'>);
    return { job: claimed.job, home: claimed.home, accepted, replayed: accepted === undefined, ...lists };
  }
  if (claimed.state === 'mismatch')
    throw refused('idempotency_mismatch', 'This idempotency key was used with another body');
  const leftMs = claimed.state === 'busy' && claimed.leftMs > 0 ? claimed.leftMs : BUSY_RETRY_MS;
  throw new Failure({
    code: 'idempotency_in_progress',
    message: 'A request with this idempotency key is still in progress',
    repeat: 'safe',
    retryAfterMs: Math.min(leftMs, BUSY_RETRY_MS),
  });
}
