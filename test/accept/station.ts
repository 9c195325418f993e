// The station as it runs: real Redis, the real Redis log. `log` may be wrapped to fail on purpose.
import { randomBytes } from 'node:crypto';
import { type AcceptOptions, createAccept } from '../../src/accept/accept.ts';
import { idempotencyKeys } from '../../src/accept/keys.ts';
import type { BulkRequest } from '../../src/accept/port.ts';
import type { Principal, Sender } from '../../src/accounts/port.ts';
import { systemClock as clock } from '../../src/base/clock.ts';
import { Failure } from '../../src/base/failure.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { createPersons } from '../../src/base/person.ts';
import { createRedis } from '../../src/base/redis.ts';
import { decodeRows } from '../../src/base/rows.ts';
import { createSecret } from '../../src/base/secret.ts';
import { createContacts } from '../../src/contacts/contacts.ts';
import { senderSchema } from '../../src/contract/account.ts';
import {
  type ChunkRecord,
  type JobRecord,
  jobRecordSchema,
  type Row,
  type SealRecord,
} from '../../src/contract/record.ts';
import type { Log } from '../../src/log/port.ts';
import { createRedisStreamsLog } from '../../src/log/redis-streams.ts';
import { check } from '../../src/platforms/meta/check.ts';
import { noBacklog } from '../support/backlog.ts';
import { freshNamespace, redisUrl } from '../support/services.ts';

export const ROUTE = 'POST /v1/messages/bulk';
export const principal: Principal = { key: 'k1', workspace: 'acme', environment: 'live', scopes: ['*'] };

export type Station = ReturnType<typeof openStation>;

/** A fresh name space with senders: s1; off (disabled); theirs (of another workspace); toy (of the test environment). */
export function openStation(
  over: Partial<AcceptOptions> & { wrap?: (log: Log) => Pick<Log, 'append'> } = {},
) {
  const namespace = freshNamespace();
  const redis = createRedis(redisUrl(), clock);
  const log = createRedisStreamsLog({ redis, namespace, clock, logger: silentLogger, consumer: 'test' });
  const senders = new Map<string, Sender>();
  for (const one of [
    senderOf('s1'),
    senderOf('off', { disabled: true }),
    senderOf('theirs', { workspace: 'other' }),
  ])
    senders.set(one.id, one);
  senders.set('toy', senderOf('toy', { environment: 'test' }));
  const created: SealRecord[] = [];
  const secret = createSecret([randomBytes(32).toString('base64')]);
  const contacts = createContacts({ redis, namespace, clock, persons: createPersons(secret) });
  const options: AcceptOptions = {
    redis,
    namespace,
    secret,
    contacts,
    clock,
    log: over.wrap?.(log) ?? log,
    ledger: { create: async (seal) => created.push(seal) > 0, row: async () => undefined },
    accounts: { sender: (id) => senders.get(id) },
    logger: silentLogger,
    backlog: noBacklog,
    check,
    ...over,
  };
  const keysOf = (key: string, route = ROUTE) =>
    idempotencyKeys(namespace, { workspace: 'acme', environment: 'live', route, key });
  return {
    accept: createAccept(options),
    options,
    contacts,
    redis,
    log,
    senders,
    created,
    keysOf,
    records: () => recordsOf(redis, namespace),
  };
}

const senderOf = (id: string, over: Partial<Sender> = {}): Sender => {
  const { portfolio: _, ...account } = senderSchema.parse({
    id,
    platform: 'meta',
    external_id: '1',
    access_token: 't',
  });
  return {
    ...account,
    workspace: 'acme',
    portfolio: undefined,
    home: 'p:bm',
    disabled: false,
    stopped: undefined,
    ...over,
  };
};

/** Every record of the jobs stream, in order. */
async function recordsOf(redis: Station['redis'], namespace: string): Promise<JobRecord[]> {
  const keys = await redis.client.keys(`${namespace}:*jobs*`);
  const streams = await Promise.all(
    keys.map(async (key) =>
      (await redis.client.type(key)) === 'stream' ? redis.client.xrange(key, '-', '+') : [],
    ),
  );
  return streams
    .flat()
    .map(([, fields]) => jobRecordSchema.parse(JSON.parse(fields[fields.indexOf('value') + 1] ?? '')));
}

export const sealsOf = (records: readonly JobRecord[]): SealRecord[] =>
  records.filter((one) => one.type === 'seal');
export const chunksOf = (records: JobRecord[]): ChunkRecord[] =>
  records.filter((one) => one.type === 'chunk');
export const rowsOf = (records: JobRecord[]): Row[] =>
  chunksOf(records).flatMap((one) => decodeRows(one.rows));

/** `body` as an object, or as text that is no JSON. */
export function request(
  body: unknown,
  idempotencyKey?: string,
  over: Partial<BulkRequest> = {},
): BulkRequest {
  const raw = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return {
    principal,
    route: ROUTE,
    idempotencyKey,
    query: '',
    contentType: 'application/json',
    raw,
    ...over,
  };
}

export const template = { name: 'order_ready', language: 'en_US' };

/** A good body with `count` recipients, no two alike. */
export const bodyOf = (count: number, over: Record<string, unknown> = {}): Record<string, unknown> => ({
  sender: 's1',
  template,
  messages: Array.from({ length: count }, (_, i) => ({
    to: `+1650555${String(i).padStart(4, '0')}`,
    variables: [`Ana ${i}`, `A-${i * 7}`],
    reference: `row-${i}`,
  })),
  ...over,
});

/** What it threw. */
export async function failureOf(answer: Promise<unknown>): Promise<Failure> {
  const failure = await answer.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof Failure) return failure;
  throw new Error('it did not fail as it should', { cause: failure });
}
