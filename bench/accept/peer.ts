// The peers of accept, a process with three routes. Each reads the body, parses it and answers 202 once the records are stored:
// `/redis` and `/kafka` produce the very records that accept makes of this body, `/bullmq` adds one job per message.
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { Queue } from 'bullmq';
import { createAccept } from '../../src/accept/accept.ts';
import { systemClock as clock } from '../../src/base/clock.ts';
import { silentLogger as logger } from '../../src/base/logger.ts';
import { connectForQueue, createRedis } from '../../src/base/redis.ts';
import { createSecret } from '../../src/base/secret.ts';
import { senderSchema } from '../../src/contract/account.ts';
import { createKafkaLog } from '../../src/log/kafka.ts';
import type { Log, LogEntry } from '../../src/log/port.ts';
import { createRedisStreamsLog } from '../../src/log/redis-streams.ts';
import { check } from '../../src/platforms/meta/check.ts';
import { jobOf, QUEUE } from '../dispatch/message-queue.ts';
import type { Message } from '../payloads.ts';

export interface AcceptPeerOptions {
  redisUrl: string;
  brokers: string;
  namespace: string;
}

const { redisUrl, brokers, namespace } = JSON.parse(process.argv[2] ?? '{}') as AcceptPeerOptions;
const redis = createRedis(redisUrl, clock);
const kafkaLog = createKafkaLog({ brokers: brokers.split(','), namespace, clock, logger });
const redisLog = createRedisStreamsLog({ redis, namespace, clock, logger, consumer: 'bench' });
const connection = connectForQueue(redisUrl);
const queue = new Queue(QUEUE, { connection, prefix: `{${namespace}-queue}` });
let records: readonly LogEntry[] = [];

const stores: Record<string, (body: { messages: Message[] }) => Promise<unknown>> = {
  '/redis': () => redisLog.append('jobs', records),
  '/kafka': () => kafkaLog.append('jobs', records),
  '/bullmq': ({ messages }) => queue.addBulk(messages.map((message) => jobOf(0, message))),
};

await kafkaLog.prepare();
const server = createServer(async (request, response) => {
  const raw = await bytesOf(request);
  if (request.url === '/records') records = await recordsOf(raw);
  else await stores[request.url ?? '']?.(JSON.parse(raw.toString('utf8')));
  response.writeHead(202, { 'content-type': 'application/json' }).end('{}');
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`listening on http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}\n`);
});

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** What accept itself appends for this body: its log only remembers. */
async function recordsOf(raw: Buffer): Promise<LogEntry[]> {
  const made: LogEntry[] = [];
  const log: Pick<Log, 'append'> = {
    append: async (_topic, entries) => {
      made.push(...entries);
      return new Map();
    },
  };
  const account = senderSchema.parse({ id: 's0', platform: 'meta', external_id: '1', access_token: 't' });
  const { portfolio: _, ...rest } = account;
  const sender = {
    ...rest,
    workspace: 'bench',
    portfolio: undefined,
    home: 's:s0',
    disabled: false,
    stopped: undefined,
  };
  const accept = createAccept({
    backlog: { admit: async () => () => {} },
    redis,
    namespace,
    secret: createSecret([randomBytes(32).toString('base64')]),
    clock,
    log,
    ledger: { create: async () => true, row: async () => undefined },
    accounts: { sender: () => sender },
    contacts: { audience: async () => [] },
    logger,
    check,
  });
  await accept.bulk({
    principal: { key: 'bench', workspace: 'bench', environment: 'live', scopes: ['*'] },
    route: 'POST /v1/messages/bulk',
    idempotencyKey: randomBytes(8).toString('hex'),
    query: '',
    contentType: 'application/json',
    raw,
  });
  return made;
}
