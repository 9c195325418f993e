// Canaries: a number, a text, keys, tokens and secrets that stand out go through the whole service, and are searched for afterwards. Secrets are
// nowhere in clear; numbers and texts are only in the stores that are meant for them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createRedis, type Redis } from '../../src/base/redis.ts';
import type { DeliveredEntry, Topic } from '../../src/log/port.ts';
import { openLog } from '../log/open.ts';
import { APP_SECRET, VERIFY_TOKEN } from '../support/canaries.ts';
import { API_KEY } from '../support/client.ts';
import { contentOf } from '../support/redis-content.ts';
import { kafkaBrokers, redisUrl } from '../support/services.ts';
import { openSink, type Sink } from '../support/sink.ts';
import { type ApiProgram, openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const HOOK_SECRET = `whsec_${Buffer.from('canary secret of a webhook, 32 by').toString('base64')}`;
const ADMIN_KEY = 'canary-admin-key-a7f3';
const NEW_TOKEN = 'canary-access-token-b9d1';
const TEXT = 'canaryText51b7';
const REFERENCE = 'canaryReference9c2e';
const NUMBERS = Array.from({ length: 20 }, (_, i) => `+14155559${String(100 + i)}`);
const TOPICS: Topic[] = ['jobs', 'attempts', 'receipts', 'state', 'events'];

let redis: Redis;
let sink: Sink;
let stage: Stage;
let service: ApiProgram;
/** Secrets, with that of the key which the test makes. */
const secrets = [
  'sandbox-access-token',
  NEW_TOKEN,
  APP_SECRET,
  VERIFY_TOKEN,
  API_KEY,
  ADMIN_KEY,
  HOOK_SECRET,
  HOOK_SECRET.slice(6),
];
const personal = [...NUMBERS.map((number) => number.slice(1)), TEXT, REFERENCE];
/** Every command that anybody sent to Redis about this name space. */
const commands: string[] = [];
let monitor: { disconnect(): void } | undefined;
const answers: string[] = [];

beforeAll(async () => {
  redis = createRedis(redisUrl(), systemClock);
  sink = await openSink([HOOK_SECRET]);
  stage = await openStage({
    env: { KAFKA_BROKERS: kafkaBrokers(), LOG_LEVEL: 'trace', SLUICE_ADMIN_KEY: ADMIN_KEY },
    webhooks: [{ url: sink.url, events: ['*'], secret: HOOK_SECRET, allow_private: true }],
  });
  const watching = await redis.blocking().monitor();
  watching.on('monitor', (_time: string, args: string[]) => {
    if (args.some((arg) => arg.includes(stage.namespace))) commands.push(args.join(' '));
  });
  monitor = watching;
  service = await stage.serve(['start']);
});
afterAll(async () => {
  monitor?.disconnect();
  await stage?.close();
  await sink?.close();
  await redis?.close();
});

/** An answer that is an error, kept to be searched. */
async function ask(
  method: string,
  path: string,
  body?: unknown,
  key = API_KEY,
): Promise<Record<string, unknown>> {
  const answer = await fetch(service.url + path, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) answers.push(text);
  return answer.ok && text !== '' ? (JSON.parse(text) as Record<string, unknown>) : {};
}

/** Everything of this name space that Redis holds, as text; compressed blobs as they are. */
async function contents(): Promise<[key: string, text: string][]> {
  const found: [string, string][] = [];
  for (const pattern of [`${stage.namespace}*`, `{${stage.namespace}*`]) {
    for (const key of await redis.client.keys(pattern)) {
      found.push([key, JSON.stringify(await contentOf(redis, key))]);
    }
  }
  return found;
}

async function logged(): Promise<DeliveredEntry[]> {
  const log = openLog('kafka', stage.namespace);
  const entries: DeliveredEntry[] = [];
  const handle = async (entry: DeliveredEntry): Promise<void> => void entries.push(entry);
  const followers = await Promise.all(
    TOPICS.map((topic) => log.follow({ topic, group: `canaries-${topic}`, handle })),
  );
  let last = -1;
  let stillSinceMs = Date.now();
  const still = (): boolean => {
    if (entries.length !== last) stillSinceMs = Date.now();
    last = entries.length;
    return new Set(entries.map(({ topic }) => topic)).size >= 4 && Date.now() - stillSinceMs > 1_500;
  };
  await until(still, { what: `the log is read: ${TOPICS.join()}`, timeoutMs: 30_000 });
  await Promise.all(followers.map((follower) => follower.stop()));
  await log.close();
  return entries;
}

const leaks = (where: string, text: string, words: readonly string[]): string[] =>
  words.filter((word) => text.includes(word)).map((word) => `${where}: ${word}`);

test('a flow with everything in it', async () => {
  const { secret } = (await ask('POST', '/v1/keys', { scopes: ['*'] })) as { secret: string };
  secrets.push(secret, secret.split('_')[3] ?? '');
  await ask('PATCH', '/v1/admin/senders/s1', { access_token: NEW_TOKEN }, ADMIN_KEY);
  await stage.webhook('s1', service.url, { delay_ms: 0, batch_ms: 0 });
  await stage.platform.fault({ kind: 'error', code: 131026, count: 2 });
  await stage.platform.fault({ kind: 'drop_before', count: 1 });
  const messages = NUMBERS.map((to) => ({ to, reference: REFERENCE }));
  const bad = [{ to: `${NUMBERS[0]}000000000` }, { to: TEXT }];
  const body = {
    sender: 's1',
    text: { body: TEXT },
    messages: [...messages, ...bad],
    metadata: { note: TEXT },
  };
  const { id } = await service.api.send(body);
  await service.api.completed(id);
  await stage.platform.inbound('number-s1', NUMBERS[3]?.slice(1) ?? '', TEXT);
  await ask('POST', '/v1/suppressions', { to: NUMBERS[5] });
  await until(() => sink.taken('message.received').length > 0 && sink.taken('job.completed').length > 0, {
    what: 'the customer is told',
    timeoutMs: 30_000,
  });
  // What goes wrong must not tell either.
  await ask('GET', `/v1/jobs/${TEXT}`);
  await ask('GET', `/v1/suppressions/${encodeURIComponent(NUMBERS[1] ?? '')}`);
  await ask('GET', '/v1/jobs', undefined, `${secret.slice(0, -1)}x`);
  await ask('POST', '/v1/messages/bulk', `{"text":"${TEXT}","to":"${NUMBERS[2]}",`);
  await ask('POST', '/v1/messages', { sender: 's1', to: NUMBERS[2], text: { body: TEXT.repeat(900) } });
  await ask('POST', '/v1/messages/bulk', { ...body, messages: bad });
  await ask(
    'POST',
    '/v1/admin/senders',
    { workspace: 'acme', id: 's1', platform: 'meta', external_id: '1', access_token: NEW_TOKEN },
    ADMIN_KEY,
  );
  expect(answers.length).toBeGreaterThanOrEqual(6);
});

test('logs, metrics, errors and the trail hold nothing of it', async () => {
  const words = [...secrets, ...personal];
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  const trail = JSON.stringify(await ask('GET', '/v1/admin/audit', undefined, ADMIN_KEY));
  expect(service.program.lines.length).toBeGreaterThan(20);
  expect(trail).toContain('key.created');
  expect([
    ...leaks('log', service.program.lines.join('\n'), words),
    ...leaks('metrics', metrics, words),
    ...leaks('errors', answers.join('\n'), words),
    ...leaks('trail', trail, words),
  ]).toEqual([]);
});

test('BullMQ holds tickets only, and no command or key of Redis a secret', async () => {
  const queue = commands.filter((command) => command.includes(`{${stage.namespace}-queue}`));
  expect(queue.length).toBeGreaterThan(5);
  expect(leaks('queue', queue.join('\n'), [...secrets, ...personal])).toEqual([]);
  expect(leaks('commands', commands.join('\n'), secrets)).toEqual([]);
  for (const [key, text] of await contents()) expect(leaks(key, key + text, secrets)).toEqual([]);
});

test('no header and no key of the log holds any of it, and no record a secret', async () => {
  const entries = await logged();
  const outside = entries.map(({ key, headers }) => `${key} ${JSON.stringify(headers)}`).join('\n');
  expect(leaks('headers and keys', outside, [...secrets, ...personal])).toEqual([]);
  for (const topic of TOPICS) {
    const values = entries.filter((entry) => entry.topic === topic).map(({ value }) => value);
    expect(leaks(topic, values.join('\n'), secrets)).toEqual([]);
  }
  // Where they are meant to be they are found: the search itself works.
  const events = entries.filter(({ topic }) => topic === 'events').map(({ value }) => value);
  expect(leaks('events', events.join('\n'), personal).length).toBeGreaterThan(5);
  // Attempts and accounts know people by their hashes only.
  const hashed = entries.filter(({ topic }) => topic === 'attempts' || topic === 'state');
  expect(hashed.length).toBeGreaterThan(0);
  expect(leaks('attempts', hashed.map(({ value }) => value).join('\n'), personal)).toEqual([]);
});
