// Grants and outcomes → the entries of the `attempts` topic. Pure.
import type { SettledEntry, SettledItem, StartedEntry } from '../../src/contract/attempt.ts';
import type { Outcome } from './settle.ts';
import type { Grant } from './take.ts';

/** Calls of one take, as JSON. */
export function startedEntry(sender: string, seq: number, atMs: number, grants: readonly Grant[]): string {
  const runs = new Map<string, string>();
  let counted = false;
  for (const { run, person, mark } of grants) {
    if (mark !== '') counted = true;
    runs.set(run, (runs.get(run) ?? '') + (mark === '' ? '' : person));
  }
  const entry: StartedEntry = { type: 'started', sender, seq, at: atMs, runs: [...runs.keys()] };
  return JSON.stringify(counted ? { ...entry, persons: [...runs.values()] } : entry);
}

/** Outcomes of one lane, as JSON. */
export function settledEntry(sender: string, outcomes: readonly Outcome[]): string {
  const jobs = new Map<string, SettledItem[]>();
  for (const outcome of outcomes) {
    const { job } = outcome.view.seal;
    const items = jobs.get(job) ?? [];
    if (items.push(itemOf(outcome)) === 1) jobs.set(job, items);
  }
  const entry: SettledEntry = {
    type: 'settled',
    sender,
    jobs: [...jobs].map(([job, items]) => ({ job, items })),
  };
  return JSON.stringify(entry);
}

function itemOf(outcome: Outcome): SettledItem {
  const { index: i, to, result, written, counts, person } = outcome;
  const base = { i, try: outcome.try, to, ended: Math.ceil(outcome.endedUs / 1_000) };
  if (to === 'a') return { ...base, id: result.providerId ?? '' };
  const said = { ...base, code: result.error?.code ?? '', message: result.error?.message ?? '' };
  if (to !== 'q') return said;
  const due = Math.ceil(outcome.dueUs / 1_000);
  return {
    ...said,
    written,
    counts,
    most: outcome.maxAttempts,
    due,
    why: outcome.why,
    ...(outcome.why === 'u' ? { person } : {}),
  };
}
