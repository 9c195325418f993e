// What has to be delivered to customers' endpoints. A record of events is stored once per workspace, compressed; a delivery is no more than its
// position, however many endpoints it waits for and however long. All of it is bounded by time and number.
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ask, type Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import { type EventsRecord, eventsRecordSchema } from '../contract/event.ts';
import { dueHintsKey, type EndpointRef, endpointKeys, eventsKey, seenKey } from './keys.ts';

const putScript = loadScript(import.meta.dirname, 'lua/put-events.lua');
const claimScript = loadScript(import.meta.dirname, 'lua/claim-deliveries.lua');
const endScript = loadScript(import.meta.dirname, 'lua/end-delivery.lua');
const replayScript = loadScript(import.meta.dirname, 'lua/replay-events.lua');

/** Records are kept, and deliveries tried, for so long … */
const KEPT_MS = 7 * 86_400_000;
/** … and at most so many of one workspace: five million events, in about 250 MB. */
const KEPT_MAX_RECORDS = 50_000;
/** Records that wait for one endpoint: about a million events. With more it is disabled. */
export const BACKLOG_MAX_RECORDS = 10_000;
/** A record that the log brings again within this is not stored again. */
const SEEN_MS = 3_600_000;
const LOG_MAX_ENTRIES = 1_000;
/** After so many failures in a row a success says that the endpoint is back: all that waits goes at once. */
const BACK_AFTER_FAILURES = 3;
const REPLAY_STEP_RECORDS = 500;
const HINTS_MAX = 500;
const RECORD_MAX_BYTES = 1_048_576;

/** One record on its way to one endpoint. */
export interface Delivery {
  position: string;
  /** Of this try, from 1. */
  attempt: number;
  record: EventsRecord;
}

export interface Claimed {
  deliveries: Delivery[];
  /** When there will be more (unix ms); undefined while nothing waits. */
  nextMs: number | undefined;
  /** Failures of the endpoint in a row. */
  failures: number;
  /** Waited for records that are kept no more. */
  gone: number;
}

/** One try as customers see it. `status`: of the answer, null when there was none; its body is nobody's business. */
export interface Tried {
  id: string;
  position: string;
  type: string;
  events: number;
  attempt: number;
  at: string;
  duration_ms: number;
  status: number | null;
  error: string | null;
  next_attempt_at: string | null;
}

export interface Ending {
  /** Unix ms of the next try; undefined: it was taken. */
  againMs: number | undefined;
  /** Nothing is sent to the endpoint before (unix ms); 0: no such time. */
  untilMs: number;
  tried: Tried;
}

export interface Deliveries {
  /** Stores a record for these endpoints; how many records wait for each. Repeatable. */
  put(record: EventsRecord, endpoints: readonly EndpointRef[]): Promise<number[]>;
  claim(endpoint: EndpointRef, want: number, hiddenMs: number): Promise<Claimed>;
  /** Failures of the endpoint in a row, and since when (unix ms). */
  end(
    endpoint: EndpointRef,
    delivery: Delivery,
    ending: Ending,
  ): Promise<{ failures: number; sinceMs: number }>;
  /** Whether something is due. */
  isDue(endpoint: EndpointRef, nowMs: number): Promise<boolean>;
  /** What was tried, newest first; `before` is the `cursor` of an earlier one. */
  tried(
    endpoint: EndpointRef,
    limit: number,
    before: string | undefined,
  ): Promise<{ cursor: string; tried: Tried }[]>;
  /** One record that was tried before goes again; false when it is not known any more. */
  replayOne(endpoint: EndpointRef, id: string): Promise<boolean>;
  /** All records of a time range go again, at most 10,000; `untilMs`: of the last one, when there are more. */
  replay(
    endpoint: EndpointRef,
    fromMs: number,
    toMs: number,
  ): Promise<{ count: number; untilMs: number | undefined }>;
  /** Forgets the failures of an endpoint: it is tried at once. */
  wake(endpoint: EndpointRef): Promise<void>;
  /** Something was put, and is due now. */
  hint(endpoint: EndpointRef): Promise<void>;
  forget(endpoint: EndpointRef): Promise<void>;
  /** Ids of endpoints that have something due. Each is told once. */
  takeHints(): Promise<string[]>;
}

export function createDeliveries(redis: Redis, namespace: string): Deliveries {
  const { client } = redis;
  const keysOf = (endpoint: EndpointRef) => endpointKeys(namespace, endpoint);
  const hint = async ({ id }: EndpointRef) => void (await ask(client.sadd(dueHintsKey(namespace), id)));
  const tried: Deliveries['tried'] = async (endpoint, limit, before) => {
    const to = before === undefined ? '+' : `(${before}`;
    const rows = await ask(client.xrevrange(keysOf(endpoint).log, to, '-', 'COUNT', limit));
    return rows.map(([cursor, fields]) => ({ cursor, tried: JSON.parse(fields[1] ?? '{}') as Tried }));
  };
  return {
    put: async (record, endpoints) => {
      const args = ['', pack(record), KEPT_MS, KEPT_MAX_RECORDS, SEEN_MS];
      const keys = [eventsKey(namespace, record), seenKey(namespace, record, record.id)];
      const due = endpoints.map((endpoint) => keysOf(endpoint).due);
      const [, ...waiting] = await redis.run<(string | number)[]>(putScript, [...keys, ...due], args);
      return waiting.map(Number);
    },
    claim: async (endpoint, want, hiddenMs) => {
      const { due, tries, state } = keysOf(endpoint);
      const keys = [due, tries, state, eventsKey(namespace, endpoint)];
      return claimedOf(await redis.run<string[]>(claimScript, keys, ['', hiddenMs, want]));
    },
    end: (endpoint, delivery, ending) => endTry(redis, namespace, endpoint, delivery, ending),
    isDue: async (endpoint, nowMs) => (await ask(client.zcount(keysOf(endpoint).due, '-inf', nowMs))) > 0,
    tried,
    replayOne: async (endpoint, id) => {
      const found = (await tried(endpoint, LOG_MAX_ENTRIES, undefined)).find((one) => one.tried.id === id);
      if (!found) return false;
      const { position } = found.tried;
      const { count } = await replayStep(redis, namespace, endpoint, position, position);
      await hint(endpoint);
      return count === 1;
    },
    replay: async (endpoint, fromMs, toMs) => {
      let count = 0;
      let last = '';
      for (let from = String(fromMs); count < BACKLOG_MAX_RECORDS; from = `(${last}`) {
        const step = await replayStep(redis, namespace, endpoint, from, String(toMs));
        count += step.count;
        last = step.last;
        if (step.count < REPLAY_STEP_RECORDS) break;
      }
      if (count > 0) await hint(endpoint);
      return { count, untilMs: count >= BACKLOG_MAX_RECORDS ? Number(last.split('-')[0]) : undefined };
    },
    wake: async (endpoint) => {
      await ask(client.del(keysOf(endpoint).state));
      await hint(endpoint);
    },
    hint,
    forget: async (endpoint) => void (await ask(client.del(Object.values(keysOf(endpoint))))),
    takeHints: () => ask(client.spop(dueHintsKey(namespace), HINTS_MAX)),
  };
}

async function endTry(
  redis: Redis,
  namespace: string,
  endpoint: EndpointRef,
  { position, attempt }: Delivery,
  { againMs, untilMs, tried }: Ending,
): Promise<{ failures: number; sinceMs: number }> {
  const { due, tries, state, log } = endpointKeys(namespace, endpoint);
  const again = againMs === undefined ? '' : againMs.toFixed(0);
  const of = ['', position, attempt, again, untilMs.toFixed(0), JSON.stringify(tried)];
  const bounds = [KEPT_MS, LOG_MAX_ENTRIES, BACK_AFTER_FAILURES];
  const [failures, since] = await redis.run<string[]>(
    endScript,
    [due, tries, state, log],
    [...of, ...bounds],
  );
  return { failures: Number(failures), sinceMs: Number(since) };
}

async function replayStep(
  redis: Redis,
  namespace: string,
  endpoint: EndpointRef,
  from: string,
  to: string,
): Promise<{ count: number; last: string }> {
  const keys = [endpointKeys(namespace, endpoint).due, eventsKey(namespace, endpoint)];
  const args = ['', from, to, REPLAY_STEP_RECORDS, KEPT_MS];
  const [count, last = ''] = await redis.run<string[]>(replayScript, keys, args);
  return { count: Number(count), last };
}

function claimedOf([next, failures, gone, ...rest]: string[]): Claimed {
  const deliveries: Delivery[] = [];
  for (let i = 0; i + 2 < rest.length; i += 3) {
    const record = unpack(rest[i + 2] ?? '');
    deliveries.push({ position: rest[i] ?? '', attempt: Number(rest[i + 1]) + 1, record });
  }
  return {
    deliveries,
    nextMs: next === '' ? undefined : Number(next),
    failures: Number(failures),
    gone: Number(gone),
  };
}

/** Base64, because replies of scripts are read as text. */
const pack = (record: EventsRecord): string =>
  zstdCompressSync(Buffer.from(JSON.stringify(record))).toString('base64');

const unpack = (text: string): EventsRecord => {
  const raw = zstdDecompressSync(Buffer.from(text, 'base64'), { maxOutputLength: RECORD_MAX_BYTES });
  return eventsRecordSchema.parse(JSON.parse(raw.toString('utf8')));
};
