// Who got which template lately (`unique_within`): what became of a job's items says it, so nothing else need be kept for it.
import type { PersonOf } from '../../src/base/person.ts';
import { ask } from '../../src/base/redis.ts';
import { decodeRows } from '../../src/base/rows.ts';
import { createRecent, type Reached } from '../../src/contacts/recent.ts';
import type { SealRecord } from '../../src/contract/record.ts';
import { chunkKeys, jobKeys } from '../../src/ledger/keys.ts';
import { readLines, unfoldResults } from '../../src/ledger/results.ts';
import { chunkRange, startsOf } from '../../src/ledger/row.ts';
import type { ReplayOptions } from './replay.ts';

/** Their person has the message, or may have it. */
const REACHED = /[adrus]/;

export interface RememberOptions extends Pick<ReplayOptions, 'redis' | 'namespace' | 'nowMs'> {
  personOf: PersonOf;
}

/** Repeatable; what Redis knows of later stays. Nothing for a job that does not ask. */
export async function remember(options: RememberOptions, seal: SealRecord): Promise<void> {
  if (seal.unique_within_ms === undefined) return;
  const { redis, namespace, nowMs } = options;
  const recent = createRecent(redis, namespace, { now: nowMs });
  for (const n of startsOf(seal).keys())
    for (const [template, reached] of Map.groupBy(await reachedIn(options, seal, n), (one) => one.template)) {
      const { workspace, environment, unique_within_ms: withinMs } = seal;
      await recent.restore({ workspace, environment, template, withinMs }, reached);
    }
}

/** Those of one chunk that still count, by what its items' results say of when. */
async function reachedIn(
  { redis, namespace, nowMs, personOf }: RememberOptions,
  seal: SealRecord,
  n: number,
): Promise<(Reached & { template: string })[]> {
  const { home, job, fingerprint, workspace, unique_within_ms: withinMs = 0 } = seal;
  const { first, last } = chunkRange(seal, n);
  const keys = chunkKeys(namespace, home, job, fingerprint, n);
  const [bytes, blob, lines, folded] = await Promise.all([
    ask(redis.client.getrange(jobKeys(namespace, home, job, fingerprint).statuses, first, last)),
    ask(redis.client.getBuffer(keys.rows)),
    ask(redis.client.get(keys.results)),
    ask(redis.client.getBuffer(keys.folded)),
  ]);
  if (!blob || !REACHED.test(bytes)) return [];
  const results = readLines(lines ?? '', folded ? unfoldResults(folded) : new Map());
  return decodeRows(blob)
    .slice(0, bytes.length)
    .flatMap((row, i) => {
      const atMs = results.get(first + i)?.atMs ?? nowMs();
      const template = row === 0 ? undefined : (row[3] ?? seal.content).template?.name;
      if (row === 0 || row[0] === '' || template === undefined || !REACHED.test(bytes[i] ?? '')) return [];
      if (atMs + withinMs <= nowMs()) return [];
      return { person: personOf(workspace, row[0]), job, index: first + i, atMs, template };
    });
}
