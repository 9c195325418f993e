// The candidates at hand in a turn: what peek showed, less what takes have used up.
import type { Candidates } from '../../src/lanes/lanes.ts';
import type { Shown } from './expire.ts';
import type { Jobs, JobView } from './jobs.ts';
import type { Candidate, Grant } from './take.ts';

/** Candidates of one peek, … */
export const WINDOW_MAX_ROWS = 256;
/** … fewer when many turns are held: all of them together have about this many rows at hand. */
const ROWS_AT_HAND = 262_144;
const WINDOW_MIN_ROWS = 32;

/** Candidates to peek at while the process holds so many turns. */
export function windowRowsOf(turnsHeld: number): number {
  const each = Math.floor(ROWS_AT_HAND / Math.max(1, turnsHeld));
  return Math.max(WINDOW_MIN_ROWS, Math.min(WINDOW_MAX_ROWS, each));
}

export interface Window {
  version: string;
  /** When something comes due that the window does not hold (Redis time, µs); 0 when nothing does. */
  nextDueUs: number;
  /** Likely holds all that is due: each run goes to the end of its job. */
  whole: boolean;
  candidates: Candidate[];
}

export interface Endings {
  /** Ends what is left of a job that has expired. */
  expire(view: JobView, shown: Shown): Promise<void>;
  /** Forgets a cursor whose job is gone. */
  drop(cursor: string): Promise<void>;
}

/** Resolves jobs and loads their rows, so that what is started can be written at once. Jobs that are gone are left out. */
export async function openWindow(
  jobs: Jobs,
  home: string,
  peeked: Candidates,
  nowMs: number,
  endings: Endings,
): Promise<Window> {
  for (const { job, cursor } of peeked.ended) {
    const view = await jobs.view(home, job);
    await (view ? endings.expire(view, { cursor }) : endings.drop(cursor));
  }
  const shown = [
    ...peeked.later.map(({ job, index, why }) => ({
      job,
      cursor: why,
      from: index,
      since: index,
      count: 1,
      queue: 0,
    })),
    ...peeked.runs,
  ];
  const candidates: Candidate[] = [];
  const views = new Map<string, JobView | undefined>();
  for (const { job, cursor, from, since = from, count, queue } of shown) {
    if (!views.has(job)) views.set(job, await jobs.view(home, job));
    const view = views.get(job);
    if (!view) {
      if (queue !== 0) await endings.drop(cursor);
      continue;
    }
    if (hasExpired(view, nowMs)) {
      await endings.expire(view, queue === 0 ? { waiting: [`${from}:${cursor}`] } : { cursor });
      continue;
    }
    await jobs.prepare(view, from, count);
    candidates.push({ view, cursor, from, since, count, queue });
  }
  const whole = candidates.every(
    ({ view, cursor, from, count }) => cursor === view.seal.job && from + count >= view.seal.rows,
  );
  return { version: peeked.version, nextDueUs: peeked.nextDueUs, whole, candidates };
}

const hasExpired = ({ seal }: JobView, nowMs: number): boolean =>
  seal.expires_at !== undefined && seal.expires_at <= nowMs;

/** A window that holds rows of a job whose time has passed since it was opened must be opened anew. */
export const isStale = ({ candidates }: Window, nowMs: number): boolean =>
  candidates.some(({ view }) => hasExpired(view, nowMs));

export const rowsLeft = ({ candidates }: Window): number =>
  candidates.reduce((sum, { count }) => sum + count, 0);

/** The first `rows` rows of the window. */
export function offered(window: Window, rows: number): Window {
  const candidates: Candidate[] = [];
  let left = rows;
  for (const candidate of window.candidates) {
    if (left <= 0) break;
    candidates.push(candidate.count <= left ? candidate : { ...candidate, count: left });
    left -= candidate.count;
  }
  return { ...window, candidates };
}

/** The window less what was granted. Rows are granted in order, so a run goes on behind its last granted row. */
export function afterGrants(window: Window, grants: readonly Grant[]): Window {
  const granted = new Map<string, number[]>();
  for (const { view, index } of grants) {
    const indices = granted.get(view.seal.job) ?? [];
    if (indices.push(index) === 1) granted.set(view.seal.job, indices);
  }
  const candidates = window.candidates.flatMap((candidate): Candidate[] => {
    const { view, from, count } = candidate;
    const last = granted
      .get(view.seal.job)
      ?.filter((index) => index >= from && index < from + count)
      .at(-1);
    if (last === undefined) return [candidate];
    const left = from + count - last - 1;
    return left > 0 ? [{ ...candidate, from: last + 1, since: last + 1, count: left }] : [];
  });
  return { ...window, candidates };
}
