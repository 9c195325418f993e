// One submission: is it still wanted, has its account a place, what did the platform say. Told before it is written, so that a repeat tells the same
// event again.
import type { Sender } from '../../src/accounts/port.ts';
import { backoffMs } from '../../src/base/backoff.ts';
import { ask } from '../../src/base/redis.ts';
import { decodeRows } from '../../src/base/rows.ts';
import type { EventType } from '../../src/contract/event.ts';
import type { SealRecord } from '../../src/contract/record.ts';
import { type NewTemplate, newTemplateSchema } from '../../src/contract/template.ts';
import { chunkKeys } from '../../src/ledger/keys.ts';
import type { Submission } from '../../src/ledger/submissions.ts';
import { endSubmission } from '../../src/ledger/suppress.ts';
import { templateLimit } from '../../src/pacing/limits.ts';
import { bodyTextOf, variablesIn } from '../../src/platforms/meta/management.ts';
import type { Made } from '../../src/platforms/port.ts';
import { publish } from '../../src/subscribers/publish.ts';
import type { SubmitOptions } from './options.ts';

/** What cannot go now for a reason of ours is looked at again after this. */
const HELD_MS = 1_000;
/** What the platform refuses for now, or did not answer. */
const BACKOFF = { baseMs: 1_000, capMs: 300_000 };
/** A call that was written and never answered is made so often. */
const TRIES_MAX = 8;
/** Nothing is submitted after this. */
const LIFE_MS = 7 * 86_400_000;
/** A permit is good for so long until the write. */
const WRITE_WITHIN_US = 1_000_000;
const ENDED = new Set(['completed', 'canceled', 'canceling', 'expired', 'incomplete']);

type End = Parameters<typeof endSubmission>[3];

export async function step(options: SubmitOptions, one: Submission): Promise<void> {
  const { clock, accounts, submissions } = options;
  const row = await options.ledger.row(one.home, one.job);
  if (!row || ENDED.has(row.state)) return submissions.done(one);
  const { seal } = row;
  const sender = accounts.sender(seal.sender);
  if (clock.now() > seal.created_at + LIFE_MS) return end(options, one, seal, expired(clock.now()));
  const template = await templateOf(options, seal);
  if (!template)
    return end(options, one, seal, failed(clock.now(), 'content_missing', 'its content is gone'));
  if (row.state !== 'open' || !sender || sender.disabled || sender.paused || sender.stopped !== undefined)
    return submissions.later(one, clock.now() + HELD_MS);
  if (sender.account_id === undefined)
    return end(
      options,
      one,
      seal,
      failed(clock.now(), 'no_account', 'the sender has no account_id any more'),
    );
  return submit(options, one, seal, { ...sender, account_id: sender.account_id }, template);
}

type Account = Sender & { account_id: string };

async function submit(
  options: SubmitOptions,
  one: Submission,
  seal: SealRecord,
  sender: Account,
  template: NewTemplate,
): Promise<void> {
  const { clock, limiter, submissions, management } = options;
  const limits = [templateLimit(sender.account_id)];
  const name = `templates:${sender.account_id}`;
  const count = await limiter.count(name, limits);
  if (!count.granted) {
    const freeUs = count.uses[0]?.freeAtUs ?? count.nowUs + HELD_MS * 1_000;
    return submissions.later(one, clock.now() + Math.max(1, (freeUs - count.nowUs) / 1_000));
  }
  const grantedUs = clock.monotonicUs();
  const tries = await submissions.tried(one);
  const made = await management.createTemplate(
    sender,
    template,
    () => clock.monotonicUs() - grantedUs < WRITE_WITHIN_US,
  );
  if (made.outcome === 'later' && !made.sent) await limiter.giveBack(name, limits, count.nowUs);
  const exists = made.outcome === 'failed' && made.exists;
  const now = exists ? await found(options, sender, template, made) : made;
  return settle(options, one, seal, sender, template, now, tries);
}

/** The platform has such a template. The same text means that an earlier try was taken; another is somebody else's, and stays refused. */
async function found(
  { management }: SubmitOptions,
  sender: Account,
  { name, language, components }: NewTemplate,
  made: Made,
): Promise<Made> {
  const list = await management.listTemplates(sender, name);
  const body = bodyTextOf(components);
  const one = list?.find(
    (other) => other.name === name && other.language === language && other.body === body,
  );
  if (!one?.id) return made;
  return { outcome: 'made', id: one.id, status: one.status, category: one.category };
}

async function settle(
  options: SubmitOptions,
  one: Submission,
  seal: SealRecord,
  sender: Account,
  template: NewTemplate,
  made: Made,
  tries: number,
): Promise<void> {
  const { clock, logger, submissions, templates } = options;
  const { name, language } = template;
  const about = { job_id: seal.job, sender: seal.sender, name, language };
  logger.info('submission.answered', {
    job: seal.job,
    sender: seal.sender,
    code: 'code' in made ? made.code : 'made',
  });
  if (made.outcome === 'later' && (!made.sent || tries < TRIES_MAX)) {
    const waitMs = made.askedMs ?? BACKOFF.baseMs + backoffMs(BACKOFF, tries, () => clock.random());
    return submissions.later(one, clock.now() + waitMs);
  }
  if (made.outcome !== 'made') {
    const { code, message } = made;
    await tell(options, seal, 'template.failed', { ...about, error: { code, message } });
    return end(options, one, seal, failed(clock.now(), code, message));
  }
  const { id, status } = made;
  const category = (made.category ?? template.category).toLowerCase();
  const owner = { home: sender.home, account: sender.account_id };
  await templates.put(owner, {
    id,
    name,
    language,
    category,
    status,
    variables: variablesIn(bodyTextOf(template.components)),
  });
  await tell(options, seal, 'template.submitted', { ...about, id, status, category });
  await end(options, one, seal, { to: 'accepted', atMs: clock.now(), providerId: id, error: null });
}

const failed = (atMs: number, code: string, message: string): End => ({
  to: 'failed',
  atMs,
  providerId: null,
  error: { code, message },
});
const expired = (atMs: number): End => ({
  to: 'expired',
  atMs,
  providerId: null,
  error: { code: 'expired', message: 'it could not be submitted in time' },
});

async function end(options: SubmitOptions, one: Submission, seal: SealRecord, ended: End): Promise<void> {
  const { redis, namespace, accounts, submissions } = options;
  await endSubmission(redis, namespace, seal, ended, accounts.toldOf(seal.home));
  await submissions.done(one);
}

const tell = (options: SubmitOptions, seal: SealRecord, type: EventType, data: Record<string, unknown>) =>
  publish(options, seal, type, [{ parts: [seal.job], atMs: options.clock.now(), data }]);

async function templateOf(
  { redis, namespace }: SubmitOptions,
  seal: SealRecord,
): Promise<NewTemplate | undefined> {
  const { rows: key } = chunkKeys(namespace, seal.home, seal.job, seal.fingerprint, 0);
  const blob = await ask(redis.client.getBuffer(key));
  const [row] = blob ? decodeRows(blob) : [];
  const fields = row ? row[1] : undefined;
  const text = fields && !Array.isArray(fields) ? fields.template : undefined;
  return text === undefined ? undefined : newTemplateSchema.parse(JSON.parse(text));
}
