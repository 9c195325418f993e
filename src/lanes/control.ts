// Applies controls to jobs, by whoever reads them: the API at once, intake from the log. Each step can be repeated, in any order.
import { ask, type Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import {
  type ControlRecord,
  type JobChanges,
  type SealRecord,
  sealRecordSchema,
} from '../contract/record.ts';
import { startMsOf } from './cursor.ts';
import { laneKeys } from './keys.ts';
import { type Wake, wakeOf } from './lanes.ts';
import { stir } from './overdue.ts';

const nextScript = loadScript(import.meta.dirname, 'lua/next-control.lua');
const controlScript = loadScript(import.meta.dirname, 'lua/control.lua');
const cancelScript = loadScript(import.meta.dirname, 'lua/cancel-rows.lua');

/** Rows that one step cancels: a few milliseconds. */
const CANCEL_STEP_ROWS = 100_000;
const FIELDS = ['send_at', 'spread_ms', 'priority'] as const satisfies (keyof JobChanges)[];
/** Two controls at once are rare, and one of them wins each time. */
const MAX_TRIES = 20;

/** Where the ledger keeps the job. */
export interface ControlledKeys {
  row: string;
  statuses: string;
  outbox: string;
}

/** What customers want to be told of a home (letters; '' = nothing), and a hint that something was. */
export interface Told {
  lettersOf(home: string): string;
  hint(home: string): void;
}
const NOBODY: Told = { lettersOf: () => '', hint: () => {} };

export type Applied =
  /** `left`: how many had left when it was canceled. */
  | { outcome: 'done'; state: string; left: number; rows: number; wake: Wake | undefined }
  /** It is canceled, or has ended: nothing can be changed any more. */
  | { outcome: 'ended'; state: string }
  | { outcome: 'gone' };

export interface Controls {
  /** A number for the next control of the job; undefined when there is no such job. */
  number(keys: ControlledKeys): Promise<number | undefined>;
  apply(record: ControlRecord, keys: ControlledKeys): Promise<Applied>;
  /** Ends what is queued of a job that is being canceled. */
  cancelRows(job: Pick<ControlRecord, 'job' | 'home'>, keys: ControlledKeys, rows: number): Promise<void>;
}

/** `told`: what customers want to be told of a home, and whom to tell that something was. */
export function createControls(redis: Redis, namespace: string, told: Told = NOBODY): Controls {
  const cancelRows: Controls['cancelRows'] = async ({ job, home }, { row, statuses, outbox }, rows) => {
    const letters = told.lettersOf(home);
    for (let from = 0; from < rows; from += CANCEL_STEP_ROWS) {
      const args = ['', from, CANCEL_STEP_ROWS, job, letters];
      const ended = await redis.run<number>(cancelScript, [row, statuses, outbox], args);
      if (ended < 0) break;
    }
    if (letters !== '') told.hint(home);
  };
  return {
    number: async ({ row }) => (await redis.run<number>(nextScript, [row], [])) || undefined,
    cancelRows,
    apply: async (record, keys) => {
      for (let tries = 0; tries < MAX_TRIES; tries += 1) {
        const applied = await tryOnce(redis, namespace, record, keys, told.lettersOf(record.home));
        if (told.lettersOf(record.home) !== '') told.hint(record.home);
        if (applied === 'again') continue;
        if (applied.outcome === 'done' && applied.state === 'canceling')
          await cancelRows(record, keys, applied.rows);
        return applied;
      }
      throw new Error('the job was changed again and again');
    },
  };
}

/** `again`: somebody else's control came in between, and the job must be read anew. */
async function tryOnce(
  redis: Redis,
  namespace: string,
  record: ControlRecord,
  keys: ControlledKeys,
  letters: string,
): Promise<Applied | 'again'> {
  const [sealJson, revision, ...numbers] = await ask(
    redis.client.hmget(keys.row, 'seal', 'rev', ...FIELDS.map((field) => `ctl_${field}`)),
  );
  if (!sealJson) return { outcome: 'gone' };
  const fields = FIELDS.filter(
    (field, i) => record.changes?.[field] !== undefined && record.seq > Number(numbers[i] ?? 0),
  );
  const changes = Object.fromEntries(fields.map((field) => [field, record.changes?.[field]]));
  const seal = changed(sealRecordSchema.parse(JSON.parse(sealJson)), changes);
  const reply = await runScript(redis, namespace, record, keys, seal, letters, [revision ?? '0', ...fields]);
  const [outcome, state = '', left, n = '0', wakeUs = '0'] = reply;
  if (outcome === 'again' || outcome === 'gone') return outcome === 'gone' ? { outcome } : outcome;
  if (outcome === 'ended') return { outcome, state };
  if (n !== '0') stir(redis, namespace, record.home);
  return { outcome: 'done', state, left: Number(left), rows: seal.rows, wake: wakeOf(n, wakeUs) };
}

function runScript(
  redis: Redis,
  namespace: string,
  { job, home, sender, seq, action }: ControlRecord,
  { row, outbox }: ControlledKeys,
  seal: SealRecord,
  letters: string,
  [seen = '0', ...fields]: readonly string[],
): Promise<string[]> {
  const lane = laneKeys(namespace, { home, sender });
  const micros = (ms: number): string => (ms * 1_000).toFixed(0);
  return redis.run<string[]>(
    controlScript,
    [row, lane.lane, lane.lanes, lane.later, lane.cursors, lane.scheduled, ...lane.queues, outbox],
    [
      '',
      job,
      sender,
      seq,
      seen,
      action,
      micros(seal.expires_at ?? seal.dies_at),
      seal.priority,
      action === 'patch' ? JSON.stringify(seal) : '',
      micros(startMsOf(seal)),
      micros(seal.spread_ms ?? 0),
      micros(seal.quiet_hours ? (seal.expires_at ?? seal.dies_at) : (seal.expires_at ?? 0)),
      letters,
      ...fields,
    ],
  );
}

/** The seal with its changes. An expiry that was counted from the start of the job moves with it. */
export function changed(seal: SealRecord, changes: JobChanges | undefined): SealRecord {
  if (!changes) return seal;
  const { send_at, spread_ms, expires_at, ...rest } = seal;
  const sendAt = changes.send_at === undefined ? send_at : changes.send_at;
  const spreadMs = changes.spread_ms === undefined ? spread_ms : changes.spread_ms;
  const startMs = Math.max(sendAt ?? seal.created_at, seal.created_at);
  const expiresAt = seal.expires_after_ms === undefined ? expires_at : startMs + seal.expires_after_ms;
  return {
    ...rest,
    priority: changes.priority ?? seal.priority,
    ...(typeof sendAt === 'number' ? { send_at: sendAt } : {}),
    ...(typeof spreadMs === 'number' ? { spread_ms: spreadMs } : {}),
    ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
  };
}
