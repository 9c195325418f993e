// One submission: is it still wanted, has its account a place, what did the platform say. Told before it is written, so that a repeat tells the same
// event again.
import type { EventType } from '../../src/contract/event.ts';
import type { SealRecord } from '../../src/contract/record.ts';
import type { Submission } from '../../src/ledger/submissions.ts';
import { endSubmission } from '../../src/ledger/suppress.ts';
import { type Made, waitMs } from '../../src/platforms/port.ts';
import { publish } from '../../src/subscribers/publish.ts';
import { mediaTask } from './media.ts';
import type { SubmitOptions } from './options.ts';
import type { Task } from './task.ts';
import { templateTask } from './template.ts';

/** What cannot go now for a reason of ours is looked at again after this. */
const HELD_MS = 1_000;
/** What the platform did not answer. */
const UNANSWERED = { atLeastMs: 1_000, backoff: { baseMs: 1_000, capMs: 300_000 }, askedMs: undefined };
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
  if (!row || ENDED.has(row.state)) return over(options, one);
  const { seal } = row;
  const sender = accounts.sender(seal.sender);
  if (clock.now() > seal.created_at + LIFE_MS) return end(options, one, seal, expired(clock.now()));
  if (row.state !== 'open' || !sender || sender.disabled || sender.paused || sender.stopped !== undefined)
    return submissions.later(one, clock.now() + HELD_MS);
  const task = await (seal.kind === 'media' ? mediaTask : templateTask)(options, seal, sender);
  if ('limit' in task) return submit(options, one, seal, task);
  if (task.repeat) return submissions.later(one, clock.now() + HELD_MS);
  return end(options, one, seal, failed(clock.now(), task.code, task.message));
}

async function submit(options: SubmitOptions, one: Submission, seal: SealRecord, task: Task): Promise<void> {
  const { clock, limiter, submissions } = options;
  const name = `${task.limit.name}:${task.limit.scope}`;
  const count = await limiter.count(name, [task.limit]);
  if (!count.granted) {
    const freeUs = count.uses[0]?.freeAtUs ?? count.nowUs + HELD_MS * 1_000;
    return submissions.later(one, clock.now() + Math.max(1, (freeUs - count.nowUs) / 1_000));
  }
  const grantedUs = clock.monotonicUs();
  const made = await task.call(() => clock.monotonicUs() - grantedUs < WRITE_WITHIN_US);
  const unsent = made.outcome === 'later' && !made.sent;
  if (unsent) await limiter.giveBack(name, [task.limit], count.nowUs);
  const tries = unsent ? 0 : await submissions.tried(one);
  return settle(options, one, seal, task, made, tries);
}

async function settle(
  options: SubmitOptions,
  one: Submission,
  seal: SealRecord,
  task: Task,
  made: Made,
  tries: number,
): Promise<void> {
  const { clock, logger, submissions } = options;
  const { job, sender } = seal;
  logger.info('submission.answered', { job, sender, code: 'code' in made ? made.code : 'made' });
  if (made.outcome === 'later' && (made.wait || tries < TRIES_MAX)) {
    const { wait = UNANSWERED } = made;
    return submissions.later(one, clock.now() + waitMs(wait, tries, () => clock.random()));
  }
  const about = { job_id: job, sender, ...task.about };
  if (made.outcome !== 'made') {
    const { code, message } = made;
    await tell(options, seal, task.failed, { ...about, error: { code, message } });
    await end(options, one, seal, failed(clock.now(), code, message));
  } else {
    const told = await task.keep(made);
    await tell(options, seal, task.made, { ...about, id: made.id, ...told });
    await end(options, one, seal, { to: 'accepted', atMs: clock.now(), providerId: made.id, error: null });
  }
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
  const { redis, namespace, accounts } = options;
  await endSubmission(redis, namespace, seal, ended, accounts.toldOf(seal.home));
  await over(options, one);
}

/** Nothing is left of it: neither its place in the set nor a file. */
async function over({ media, submissions }: SubmitOptions, one: Submission): Promise<void> {
  const file = await media.find(one.job);
  if (file !== undefined) await media.remove(file);
  await submissions.done(one);
}

const tell = (options: SubmitOptions, seal: SealRecord, type: EventType, data: Record<string, unknown>) =>
  publish(options, seal, type, [{ parts: [seal.job], atMs: options.clock.now(), data }]);
