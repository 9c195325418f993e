// The API on a real socket with the real accounts, accept, log and ledger on a real Redis; a test may put something else in one place.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { z } from 'zod';
import { createAccept } from '../../src/accept/accept.ts';
import { createControlStation } from '../../src/accept/control.ts';
import type { Accept } from '../../src/accept/port.ts';
import { createRetries } from '../../src/accept/retry.ts';
import { createStreamAccept } from '../../src/accept/stream.ts';
import { createAuditTrail } from '../../src/accounts/audit.ts';
import type { SenderWithAccount } from '../../src/accounts/port.ts';
import { createAccounts } from '../../src/accounts/registry.ts';
import { type ApiOptions, createApi } from '../../src/api/app.ts';
import { createHomeIndex } from '../../src/api/home-index.ts';
import { createHomeStates } from '../../src/api/home-state.ts';
import { systemClock as clock } from '../../src/base/clock.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { createPersons } from '../../src/base/person.ts';
import { createRedis } from '../../src/base/redis.ts';
import { createSecret } from '../../src/base/secret.ts';
import { createContacts } from '../../src/contacts/contacts.ts';
import { createSuppressions } from '../../src/contacts/suppressions.ts';
import type { planSchema } from '../../src/contract/plan.ts';
import type { Template } from '../../src/contract/template.ts';
import { createControls } from '../../src/lanes/control.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { createSubmissions } from '../../src/ledger/submissions.ts';
import { createUploads } from '../../src/ledger/uploads.ts';
import { createRedisStreamsLog } from '../../src/log/redis-streams.ts';
import { createMediaFolder } from '../../src/media/folder.ts';
import { check } from '../../src/platforms/meta/check.ts';
import { metaWebhook } from '../../src/platforms/meta/webhook.ts';
import { createCatalogs } from '../../src/templates/catalog.ts';
import { createTemplateStore } from '../../src/templates/store.ts';
import { fileOnDisk, recordingLogger, SECRETS, sampleFile } from '../accounts/sample.ts';
import { noBacklog } from '../support/backlog.ts';
import { freshNamespace } from '../support/services.ts';

export interface HarnessOptions {
  redisUrl: string;
  accept?: (real: Accept) => Accept;
  /** Of all workspaces; unlimited by default. */
  plan?: z.input<typeof planSchema>;
  /** What the platform says that an account has; undefined: it does not answer. */
  templates?: Template[];
  mediaMaxBytes?: number;
  overrides?: Partial<Pick<ApiOptions, 'config' | 'ledger' | 'bodiesMaxBytes' | 'checks'>>;
}

export type Harness = Awaited<ReturnType<typeof startHarness>>;

export async function startHarness({
  redisUrl,
  accept = (real) => real,
  plan = {},
  templates,
  mediaMaxBytes = 250 * 1024 * 1024,
  overrides = {},
}: HarnessOptions) {
  const namespace = freshNamespace();
  const logger = recordingLogger();
  const redis = createRedis(redisUrl, clock);
  const secret = createSecret([randomBytes(32).toString('base64')]);
  const metrics = createMetrics();
  const { workspaces } = sampleFile();
  const file = await fileOnDisk({ workspaces: workspaces.map((one) => ({ ...one, plan })) });
  const accounts = createAccounts({ redis, namespace, secret, clock, logger, file: file.path });
  await accounts.start();
  const homes = createHomeIndex(accounts, secret);
  const ledger = createLedger({ redis, namespace, clock, homeOfLetters: homes.homeOfLetters });
  const log = createRedisStreamsLog({ redis, namespace, clock, logger, consumer: 'test' });
  const persons = createPersons(secret);
  const contacts = createContacts({ redis, namespace, clock, persons });
  const catalogs = createCatalogs<SenderWithAccount>({
    store: createTemplateStore(redis, namespace, clock),
    clock,
    fetch: async () => templates,
  });
  const real = createAccept({
    catalogs,
    contacts,
    redis,
    namespace,
    secret,
    clock,
    log,
    ledger,
    accounts,
    logger,
    check,
    backlog: noBacklog,
  });
  const uploads = createUploads(redis, namespace);
  const stream = createStreamAccept({
    redis,
    namespace,
    secret,
    clock,
    log,
    ledger,
    uploads,
    accounts,
    logger,
    check,
    backlog: noBacklog,
  });
  const tickets = { add: async () => {} };
  const controls = createControls(redis, namespace);
  const suppressions = createSuppressions({ redis, namespace, clock, persons });
  const control = createControlStation({
    namespace,
    clock,
    logger,
    log,
    ledger,
    controls,
    tickets,
    retries: createRetries({ redis, namespace, clock, tickets }),
  });
  const mediaFolder = await mkdtemp(path.join(tmpdir(), 'sluice-media-'));
  const submissions = createSubmissions(redis, namespace, clock);
  const api = createApi({
    catalogs,
    submissions,
    media: createMediaFolder({ folder: mediaFolder, maxBytes: mediaMaxBytes, clock }),
    redis,
    namespace,
    check,
    config: { host: '127.0.0.1', port: 0 },
    accounts,
    accept: accept(real),
    stream,
    control,
    ledger,
    log,
    webhooks: { meta: metaWebhook },
    secret,
    personOf: persons.of,
    states: createHomeStates({ redis, namespace, ledger, accounts, clock, personOf: persons.of }),
    suppressions,
    contacts,
    audit: createAuditTrail(redis, namespace, clock),
    clock,
    logger,
    metrics,
    checks: { redis: () => redis.ping(), log: () => log.ping() },
    ...overrides,
  });
  await api.start();
  const url = api.url();

  /** As the key of acme unless told otherwise. */
  const call = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(url + path, {
      ...init,
      headers: {
        authorization: `Bearer ${SECRETS.acmeKey}`,
        ...(init.headers as Record<string, string> | undefined),
      },
    });
  const post = (path: string, body: Bytes, headers: Record<string, string> = {}): Promise<Response> =>
    call(path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  return {
    url,
    call,
    post,
    /** A bulk job of `count` recipients; the answer, checked to be a 202. */
    bulk: async (count = 2, headers: Record<string, string> = {}): Promise<BulkAnswer> => {
      const answer = await post('/v1/messages/bulk', bulkBody(count, headers['x-sender']), headers);
      if (answer.status !== 202) throw new Error(`${answer.status} ${await answer.text()}`);
      return (await answer.json()) as BulkAnswer;
    },
    redis,
    namespace,
    secret,
    mediaFolder,
    accounts,
    contacts,
    logger,
    metrics,
    /** Every route that the API has. */
    routes: api.routes(),
    stop: async () => {
      await api.stop();
      await accounts.stop();
      await redis.close();
      await file.remove();
      await rm(mediaFolder, { recursive: true, force: true });
    },
  };
}

type Bytes = NonNullable<RequestInit['body']>;

export interface BulkAnswer {
  job: { id: string; status: string; sender: string; counts: { total: number; queued: number } };
  rejected: { index: number; code: string }[];
  duplicates: { index: number; of: number }[];
}

export interface ErrorAnswer {
  error: {
    code: string;
    message: string;
    request_id: string;
    retry_after?: number;
    details?: { path: string; code: string; message: string }[];
  };
}

export interface ListAnswer {
  data: { id: string; index: number; status: string }[];
  has_more: boolean;
  next_cursor: string | null;
}

export function bulkBody(count: number, sender = 's1'): string {
  const messages = Array.from({ length: count }, (_, i) => ({ to: `+1650555${String(1_000 + i)}` }));
  return JSON.stringify({ sender, text: { body: 'Your order is ready.' }, messages });
}

/** Checks what every error has in common; gives the rest. */
export async function errorOf(answer: Response): Promise<ErrorAnswer['error'] & { status: number }> {
  const { error } = (await answer.json()) as ErrorAnswer;
  if (error.request_id !== answer.headers.get('x-request-id'))
    throw new Error('the request id is not that of the header');
  if (!/^req_[0-9a-f]{24}$/.test(error.request_id)) throw new Error(`${error.request_id} is no request id`);
  return { ...error, status: answer.status };
}
