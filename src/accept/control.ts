// Controls of a job: checked, numbered, into the log, then applied at once. Intake applies what it reads in the log as well, so that a crash
// in between changes nothing; the number decides what is newer, whoever applies it first.
import type { Clock } from '../base/clock.ts';
import { refused } from '../base/failure.ts';
import type { Logger } from '../base/logger.ts';
import type { TicketQueue } from '../base/queue.ts';
import type { ControlAction, JobPatch, JobRetry } from '../contract/control.ts';
import type { ProblemDetail } from '../contract/problem.ts';
import type { ControlRecord, JobChanges, SealRecord } from '../contract/record.ts';
import { JOB_LIFE_MS, SEND_AT_MAX_MS } from '../contract/request.ts';
import { type Applied, type Controls, changed } from '../lanes/control.ts';
import { startMsOf } from '../lanes/cursor.ts';
import { jobKeys } from '../ledger/keys.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { JobRow } from '../ledger/row.ts';
import { isUploading } from '../ledger/row.ts';
import type { Log } from '../log/port.ts';
import { entryOf } from './job-records.ts';
import type { Retries } from './retry.ts';

export interface ControlOptions {
  namespace: string;
  clock: Clock;
  logger: Logger;
  log: Pick<Log, 'append'>;
  ledger: Pick<Ledger, 'row'>;
  controls: Pick<Controls, 'number' | 'apply'>;
  tickets: Pick<TicketQueue, 'add'>;
  retries: Retries;
}

export interface ControlStation {
  /**
   * Idempotent. Throws `conflict` when the job has ended or is canceled, `unavailable` when nobody knows whether it was stored.
   * Undefined when there is no such job; `left`: how many messages had left when it was canceled.
   */
  act(home: string, job: string, action: ControlAction): Promise<{ left: number } | undefined>;
  /** Throws `invalid_request` too, with details. */
  patch(home: string, job: string, patch: JobPatch): Promise<{ left: number } | undefined>;
  /**
   * Idempotent: what has been sent again is not there to be sent again. Works on a job that has ended. Throws `conflict` when its time is over or it
   * is being canceled, `backlog_full`, and `unavailable` when nobody knows whether it was stored.
   */
  retry(home: string, job: string, include: JobRetry['include']): Promise<Retried | undefined>;
}

/** How many items are tried again; how many more there are than one call takes; and of how many nothing is left to send. */
export interface Retried {
  retried: number;
  remaining: number;
  unreadable: number;
}

const ENDED = new Set(['completed', 'expired', 'incomplete']);
const CANCELED = new Set(['canceling', 'canceled']);

export function createControlStation(options: ControlOptions): ControlStation {
  return {
    act: async (home, job, action) => {
      const row = await options.ledger.row(home, job);
      return row && submit(options, row, { action });
    },
    patch: async (home, job, patch) => {
      const row = await options.ledger.row(home, job);
      if (!row) return undefined;
      const changes: JobChanges = {
        ...(patch.send_at === undefined ? {} : { send_at: patch.send_at }),
        ...(patch.spread === undefined ? {} : { spread_ms: patch.spread }),
        ...(patch.priority === undefined ? {} : { priority: patch.priority }),
      };
      refuseEnded(row.state, 'patch');
      if (isUploading(row.seal))
        throw refused('conflict', 'The job is still being uploaded: change it when it is in.');
      checkTimes(row.seal, changes, options.clock.now());
      return submit(options, row, { action: 'patch', changes });
    },
    retry: async (home, job, include) => {
      const row = await options.ledger.row(home, job);
      if (row && row.seal.kind !== 'messages')
        throw refused('conflict', 'Only messages are tried again: post it once more.');
      return row && retry(options, row, include);
    },
  };
}

async function retry(
  options: ControlOptions,
  row: JobRow,
  include: JobRetry['include'],
): Promise<Retried | undefined> {
  const { runs, count, remaining, unreadable } = await options.retries.plan(row, include);
  if (count > 0) {
    const record = await numbered(options, row.seal, { action: 'retry', retry: runs });
    if (!record) return undefined;
    await options.log.append('jobs', [entryOf(record)]);
    await options.retries.apply(record);
    const { job, sender } = row.seal;
    options.logger.info('job.controlled', { job, sender, action: 'retry', state: row.state, count });
  }
  return { retried: count, remaining, unreadable };
}

type Order = Pick<ControlRecord, 'action' | 'changes' | 'retry'>;

async function submit(options: ControlOptions, { seal, state }: JobRow, order: Order) {
  const { namespace, clock, logger, log, controls, tickets } = options;
  refuseEnded(state, order.action);
  const { job, home, sender, fingerprint } = seal;
  const record = await numbered(options, seal, order);
  if (!record) return undefined;
  await log.append('jobs', [entryOf(record)]);
  const applied = await controls.apply(record, jobKeys(namespace, home, job, fingerprint));
  logger.info('job.controlled', { job, sender, action: order.action, state: stateOf(applied) });
  if (applied.outcome === 'gone') return undefined;
  if (applied.outcome === 'ended') throw conflict(applied.state);
  const { wake, left } = applied;
  if (wake) await tickets.add({ home, sender, n: wake.n }, wake.wakeUs / 1_000 - clock.now());
  return { left };
}

/** Undefined when there is no such job any more. */
async function numbered(
  { namespace, clock, controls }: ControlOptions,
  { job, home, sender, fingerprint, dies_at }: SealRecord,
  order: Order,
): Promise<ControlRecord | undefined> {
  const seq = await controls.number(jobKeys(namespace, home, job, fingerprint));
  if (seq === undefined) return undefined;
  const name = { v: 1 as const, type: 'control' as const, job, home, sender, fingerprint };
  return { ...name, seq, at: clock.now(), dies_at, ...order };
}

const stateOf = (applied: Applied): string => (applied.outcome === 'gone' ? 'gone' : applied.state);

function refuseEnded(state: string, action: Order['action']): void {
  if (ENDED.has(state) || (action !== 'cancel' && CANCELED.has(state))) throw conflict(state);
}

const conflict = (state: string) =>
  refused('conflict', `The job is ${state}: it cannot be changed any more.`);

/** The same bounds that a new job has. */
function checkTimes(before: SealRecord, changes: JobChanges, nowMs: number): void {
  const after = changed(before, changes);
  const startMs = startMsOf(after);
  const problem = (path: string, code: string, message: string): never => {
    const details: ProblemDetail[] = [{ path, code, message }];
    throw refused('invalid_request', `The request is not valid: ${path} ${message}`, details);
  };
  if (startMs > nowMs + SEND_AT_MAX_MS) problem('send_at', 'too_late', 'must be at most 30 days ahead');
  const ends = after.expires_at;
  if (ends !== undefined && ends > before.created_at + JOB_LIFE_MS)
    problem('send_at', 'too_late', 'must let the job end at most 45 days after it was made');
  if (ends !== undefined && startMs >= ends)
    problem('send_at', 'too_late', 'must lie before the job expires');
  if (ends !== undefined && startMs + (after.spread_ms ?? 0) > ends)
    problem('spread', 'too_long', 'must end before the job expires');
}
