// GET and POST /hooks/:platform/:sender: what a platform says by itself. Without an API key: the handshake's token and the signature over
// the raw bytes are the proof, and every refusal looks alike. 200 only after the log has what was said; working it off comes later.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Accounts, Sender } from '../../accounts/port.ts';
import type { Clock } from '../../base/clock.ts';
import { refused } from '../../base/failure.ts';
import type { Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { AttemptIds } from '../../ledger/attempt-id.ts';
import type { Log, LogEntry } from '../../log/port.ts';
import type { Webhook } from '../../platforms/port.ts';
import type { Body } from '../body.ts';
import type { HomeIndex } from '../home-index.ts';
import { splitHook } from '../hooks.ts';

/** What a platform may post at once: Meta's own bound. */
const HOOK_BODY_MAX_BYTES = 3 * 1024 * 1024;
/** A broker refuses a batch above 1 MiB. */
const APPEND_MAX_BYTES = 640 * 1024;
/** Signs for nobody, so that an unknown sender takes as long as a known one. */
const NOBODYS_SECRET = 'nobody';

export interface HookRoutesOptions {
  webhooks: Readonly<Record<string, Webhook>>;
  accounts: Accounts;
  homes: HomeIndex;
  attemptIds: Pick<AttemptIds, 'read'>;
  log: Pick<Log, 'append'>;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
}

interface HookParams {
  platform: string;
  sender: string;
}

export function hookRoutes(app: FastifyInstance, options: HookRoutesOptions): void {
  const { metrics, webhooks } = options;
  const changes = metrics.counter(
    'webhook_changes_total',
    'Parts of platform webhooks, by what became of them',
    ['fate'],
  );
  app.get<{ Params: HookParams }>('/hooks/:platform/:sender', (request, reply) => {
    const [webhook, sender] = addressed(options, request.params);
    const query = request.query as Record<string, unknown>;
    const challenge = webhook?.challenge(query, sender?.verify_token ?? NOBODYS_SECRET);
    if (challenge === undefined || sender?.verify_token === undefined) throw unproven();
    return reply.type('text/plain; charset=utf-8').send(challenge);
  });
  app.post<{ Params: HookParams }>(
    '/hooks/:platform/:sender',
    { bodyLimit: HOOK_BODY_MAX_BYTES },
    async (request) => {
      const [webhook, sender] = addressed(options, request.params);
      const body = request.body as Body | undefined;
      try {
        const raw = body?.raw ?? Buffer.alloc(0);
        const secret = sender?.app_secret;
        const signed = (webhook ?? webhooks.meta)?.signed(raw, headerOf(request), secret ?? NOBODYS_SECRET);
        if (!webhook || !sender || secret === undefined || !signed) {
          changes.inc({ fate: 'refused' });
          throw unproven();
        }
        const stored = await store(options, webhook, sender, raw);
        changes.inc({ fate: 'stored' }, stored.entries.length);
        changes.inc({ fate: 'foreign' }, stored.foreign);
        return { received: true };
      } finally {
        body?.lease.release();
      }
    },
  );
}

/** The platform and the sender that the address names, if they are there and fit. */
function addressed(
  { webhooks, accounts }: HookRoutesOptions,
  { platform, sender: id }: HookParams,
): [Webhook | undefined, Sender | undefined] {
  const webhook = Object.hasOwn(webhooks, platform) ? webhooks[platform] : undefined;
  const sender = accounts.sender(id);
  return [webhook, sender?.platform === platform ? sender : undefined];
}

async function store(
  { accounts, homes, attemptIds, log, clock, logger }: HookRoutesOptions,
  webhook: Webhook,
  sender: Sender,
  raw: Buffer,
): Promise<{ entries: LogEntry[]; foreign: number }> {
  const heard = webhook.read(raw, clock.now());
  if (!heard) throw refused('invalid_request', 'The body is no webhook of this platform.');
  const split = splitHook({ accounts, homes, attemptIds }, heard, sender, clock.now());
  if (split.foreign > 0) logger.warn('webhook.foreign_dropped', { sender: sender.id, count: split.foreign });
  for (const batch of batchesOf(split.entries)) await log.append('receipts', batch);
  return split;
}

function* batchesOf(entries: readonly LogEntry[]): Generator<LogEntry[]> {
  let batch: LogEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = Buffer.byteLength(entry.value);
    if (batch.length > 0 && bytes + size > APPEND_MAX_BYTES) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(entry);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

const headerOf =
  (request: FastifyRequest) =>
  (name: string): string | undefined => {
    const value = request.headers[name];
    return typeof value === 'string' ? value : undefined;
  };

const unproven = () => refused('forbidden', 'This webhook is not signed as it should be.');
