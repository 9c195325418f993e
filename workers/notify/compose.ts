// What a cut of an outbox tells → records of events. The same cut gives the same ids, however often it is composed.
import { ask, type Redis } from '../../src/base/redis.ts';
import { decodeRows } from '../../src/base/rows.ts';
import type { Secret } from '../../src/base/secret.ts';
import type { Environment } from '../../src/contract/environment.ts';
import {
  BATCH_MAX_BYTES,
  BATCH_MAX_EVENTS,
  type CustomerEvent,
  EVENT_TYPES,
  type EventsRecord,
  MOVE_TYPES,
} from '../../src/contract/event.ts';
import { statusOfByte } from '../../src/contract/job.ts';
import { ERASED_ROW, isErased, type Row } from '../../src/contract/record.ts';
import { isoTime } from '../../src/contract/time.ts';
import { chunkKeys, jobKeys } from '../../src/ledger/keys.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { Cut, ToldHold, ToldJob, ToldMove } from '../../src/ledger/outbox.ts';
import type { FindForgotten } from '../../src/ledger/port.ts';
import { chunkOf, chunkRange, type JobRow, jobOf } from '../../src/ledger/row.ts';
import { eventId, recordOfOne } from '../../src/subscribers/publish.ts';
import { contactEvents } from './contacts.ts';

/** A home that is a portfolio begins so. */
const PORTFOLIO_HOME = 'p:';
/** What the envelope takes of a batch's bytes. */
const ENVELOPE_BYTES = 512;

export interface ComposeOptions {
  redis: Redis;
  namespace: string;
  secret: Secret;
  ledger: Pick<Ledger, 'row'>;
  forgotten: FindForgotten;
}

export interface Home {
  home: string;
  workspace: string;
  environment: Environment;
}

export async function compose(options: ComposeOptions, home: Home, cut: Cut): Promise<EventsRecord[]> {
  const told = new Map<string, (ToldMove | ToldJob)[]>();
  for (const { jobs } of cut.entries)
    for (const { job, told: some } of jobs) told.set(job, [...(told.get(job) ?? []), ...some]);
  const singles = cut.entries.flatMap(({ senders }) =>
    senders.flatMap(({ sender, told: holds }) => holds.map((hold) => holdEvent(options, home, sender, hold))),
  );
  const moves: CustomerEvent[] = [];
  for (const [job, all] of told) {
    const row = await options.ledger.row(home.home, job);
    for (const one of all) if (!isMove(one)) singles.push(...jobEvent(options, home, job, row, one));
    const own = all.filter(isMove);
    if (row?.seal.kind === 'contacts')
      singles.push(...contactEvents(options.secret, row, await rowsOf(options, row, own), own));
    else moves.push(...(await moveEvents(options, home.home, job, row, own)));
  }
  const { workspace, environment } = home;
  const batches = batchesOf(moves).map((events, n): EventsRecord => {
    const at = Math.max(...events.map(({ created_at }) => Date.parse(created_at)));
    const id = eventId(options.secret, ['batch', home.home, cut.last, String(n)]);
    return { v: 1, type: 'events', id, workspace, environment, at, batch: true, events };
  });
  return [...singles, ...batches];
}

const isMove = (one: ToldMove | ToldJob): one is ToldMove => 'to' in one;

/** A hold of the platform, as `workers/receipts/tell.ts` tells those that come by webhook. */
function holdEvent(
  { secret }: ComposeOptions,
  { home, workspace, environment }: Home,
  sender: string,
  { field, code, untilMs, atMs }: ToldHold,
): EventsRecord {
  const [scope = '', name, language] = field.split(':');
  const id = eventId(secret, ['sender.limited', home, field, String(atMs)]);
  const data = {
    sender,
    portfolio: home.startsWith(PORTFOLIO_HOME) ? home.slice(PORTFOLIO_HOME.length) : null,
    scope,
    template: scope === 'template' ? { name, language } : null,
    code,
    until: isoTime(untilMs),
  };
  return recordOfOne({ id, type: 'sender.limited', workspace, environment, atMs, data });
}

function jobEvent(
  { secret }: ComposeOptions,
  { workspace, environment }: Home,
  job: string,
  row: JobRow | undefined,
  { what, sequence, atMs }: ToldJob,
): EventsRecord[] {
  const type = EVENT_TYPES.find((name) => name === `job.${what}`);
  if (!type) return [];
  const id = eventId(secret, [job, what, String(sequence)]);
  const now = row && jobOf(row, atMs);
  const data = {
    job_id: job,
    sequence,
    ...(now && { sender: now.sender, status: now.status, counts: now.counts, metadata: now.metadata }),
  };
  return [recordOfOne({ id, type, workspace, environment, atMs, data })];
}

async function moveEvents(
  options: ComposeOptions,
  home: string,
  job: string,
  row: JobRow | undefined,
  moves: readonly ToldMove[],
): Promise<CustomerEvent[]> {
  if (moves.length === 0) return [];
  const rows = row ? await rowsOf(options, row, moves) : new Map<number, Row>();
  const uncounted = row ? await uncountedOf(options, home, row, moves) : [];
  return moves.flatMap(({ to, try: attempt, sequence, result }, i): CustomerEvent[] => {
    const type = MOVE_TYPES[to];
    if (!type) return [];
    const content = rows.get(result.index);
    const data = {
      job_id: job,
      index: result.index,
      reference: (content ? content[2] : null) || null,
      to: content ? content[0] : '',
      sender: row?.seal.sender ?? '',
      status: statusOfByte(to.charCodeAt(0)),
      attempts: (attempt - (uncounted[i] ?? 0) + 256) % 256,
      provider_id: content && isErased(content) ? null : result.providerId || null,
      error: result.error,
      sequence,
    };
    const id = eventId(options.secret, [job, String(result.index), String(attempt), to]);
    return [{ id, type, created_at: isoTime(result.atMs), data }];
  });
}

/** The rows of these moves; a chunk is read once. */
async function rowsOf(
  { redis, namespace, forgotten }: ComposeOptions,
  { seal }: JobRow,
  moves: readonly ToldMove[],
): Promise<Map<number, Row>> {
  const found = new Map<number, Row>();
  const byChunk = Map.groupBy(moves, ({ result }) => chunkOf(seal, result.index));
  for (const [n, own] of byChunk) {
    const key = chunkKeys(namespace, seal.home, seal.job, seal.fingerprint, n).rows;
    const blob = await ask(redis.client.getBuffer(key));
    const rows = blob ? decodeRows(blob) : [];
    for (const { result } of own) {
      const content = rows[result.index - chunkRange(seal, n).first];
      if (content) found.set(result.index, content);
    }
  }
  const places = [...found.keys()];
  for (const at of await forgotten(seal, [...found.values()])) found.set(places[at] ?? -1, ERASED_ROW);
  return found;
}

/** How many starts of each do not count as attempts. */
async function uncountedOf(
  { redis, namespace }: ComposeOptions,
  home: string,
  { seal }: JobRow,
  moves: readonly ToldMove[],
): Promise<number[]> {
  const { uncounted } = jobKeys(namespace, home, seal.job, seal.fingerprint);
  const values = await ask(redis.client.hmget(uncounted, ...moves.map(({ result }) => String(result.index))));
  return values.map(Number);
}

function batchesOf(events: readonly CustomerEvent[]): CustomerEvent[][] {
  const batches: CustomerEvent[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const event of events) {
    const size = Buffer.byteLength(JSON.stringify(event)) + 1;
    if (bytes + size > BATCH_MAX_BYTES || (batches.at(-1)?.length ?? 0) >= BATCH_MAX_EVENTS) {
      batches.push([]);
      bytes = ENVELOPE_BYTES;
    }
    batches.at(-1)?.push(event);
    bytes += size;
  }
  return batches;
}
