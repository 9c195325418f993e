// The candidates at hand in a turn: what peek showed, less what takes have used up.
import type { Candidates } from '../../src/lanes/lanes.ts';
import type { Jobs, JobView } from './jobs.ts';
import type { Candidate, Grant } from './take.ts';

export interface Window {
  version: string;
  candidates: Candidate[];
}

/** Ends what is left of a job that has expired; `waiting` are its items that wait alone. */
export type Expire = (view: JobView, waiting: number[]) => Promise<void>;

/** Resolves jobs and loads their rows, so that what is started can be written at once. Jobs that are gone are left out. */
export async function openWindow(
  jobs: Jobs,
  home: string,
  peeked: Candidates,
  nowMs: number,
  expire: Expire,
): Promise<Window> {
  const shown = [
    ...peeked.later.map(({ job, index }) => ({ job, from: index, count: 1, queue: 0 })),
    ...peeked.runs,
  ];
  const candidates: Candidate[] = [];
  for (const { job, from, count, queue } of shown) {
    const view = await jobs.view(home, job);
    if (!view) continue;
    if (hasExpired(view, nowMs)) {
      await expire(view, queue === 0 ? [from] : []);
      continue;
    }
    await jobs.prepare(view, from, count);
    candidates.push({ view, from, count, queue });
  }
  return { version: peeked.version, candidates };
}

const hasExpired = ({ seal }: JobView, nowMs: number): boolean =>
  seal.expires_at !== undefined && seal.expires_at <= nowMs;

/** A window that holds rows of a job whose time has passed since it was opened must be opened anew. */
export const isStale = ({ candidates }: Window, nowMs: number): boolean =>
  candidates.some(({ view }) => hasExpired(view, nowMs));

export const rowsLeft = ({ candidates }: Window): number =>
  candidates.reduce((sum, { count }) => sum + count, 0);

/** The window less what was granted. Rows are granted in order, so a run goes on behind its last granted row. */
export function afterGrants(window: Window, grants: readonly Grant[]): Window {
  const last = new Map<string, number>();
  const single = new Set<string>();
  for (const { view, index } of grants) {
    last.set(view.seal.job, index);
    single.add(`${view.seal.job}:${index}`);
  }
  const candidates = window.candidates.flatMap((candidate): Candidate[] => {
    const { view, from, count, queue } = candidate;
    if (queue === 0) return single.has(`${view.seal.job}:${from}`) ? [] : [candidate];
    const index = last.get(view.seal.job);
    if (index === undefined || index < from || index >= from + count) return [candidate];
    const left = from + count - index - 1;
    return left > 0 ? [{ view, from: index + 1, count: left, queue }] : [];
  });
  return { version: window.version, candidates };
}
