// Decides what applying the file changes: pure, so that the same file twice is seen to change nothing.
import type { Secret } from '../base/secret.ts';
import type { Entry } from './entries.ts';
import { resealed, type Stored, storedOf } from './stored.ts';

export interface Changes {
  /** Field → the object that shall stand there. */
  writes: Map<string, Stored>;
  /** Why the file cannot be applied to what is there. */
  problems: string[];
}

export function changesOf(
  stored: ReadonlyMap<string, Stored>,
  entries: readonly Entry[],
  secret: Secret,
): Changes {
  const writes = new Map<string, Stored>();
  const problems: string[] = [];
  const inFile = new Set(entries.map((entry) => entry.field));
  for (const entry of entries) {
    const before = stored.get(entry.field);
    const problem = before && moveProblem(entry, before);
    if (problem) problems.push(problem);
    else if (before?.file !== entry.digest) writes.set(entry.field, storedOf(entry, before, secret));
    else if (before.disabled) writes.set(entry.field, { ...before, disabled: false });
  }
  for (const [field, before] of stored) {
    const vanished = before.file !== null && !before.disabled && !inFile.has(field);
    if (vanished) writes.set(field, { ...before, disabled: true });
  }
  for (const [field, before] of stored) {
    const now = writes.get(field) ?? before;
    if (now.sealed_by !== secret.fingerprint) writes.set(field, resealed(now, secret));
  }
  return { writes, problems };
}

/**
 * Jobs are found through the homes of a workspace and environment. A sender or portfolio that changed hands would take its jobs
 * along, to people who must not see them.
 */
function moveProblem(entry: Entry, before: Stored): string | undefined {
  if (entry.kind !== 'sender' && entry.kind !== 'portfolio') return undefined;
  if (entry.workspace !== before.workspace) {
    return `${entry.kind} ${entry.id}: must stay in the workspace that it was created in (${before.workspace}); choose another id`;
  }
  const was = before.value.environment ?? 'live';
  if (was === (entry.value.environment ?? 'live')) return undefined;
  return `${entry.kind} ${entry.id}: must stay in the environment that it was created in (${String(was)}); choose another id`;
}
