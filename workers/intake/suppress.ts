// Opt-outs of a job that has just come into its lane: who has opted out, or was forgotten since it came, is `suppressed` at once, and counted. Whoever opts out later is
// found before their message goes, so nothing is lost when this is late or a part of it fails.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../src/base/clock.ts';
import { ask, type Redis } from '../../src/base/redis.ts';
import { decodeRows } from '../../src/base/rows.ts';
import { askErasing, lastForgotten } from '../../src/contacts/erasing.ts';
import { optedOutRows } from '../../src/contacts/opted-out.ts';
import type { Suppressions } from '../../src/contacts/suppressions.ts';
import type { SealRecord } from '../../src/contract/record.ts';
import { chunkKeys } from '../../src/ledger/keys.ts';
import { chunkRange, startsOf } from '../../src/ledger/row.ts';
import { suppressRows } from '../../src/ledger/suppress.ts';

export interface SuppressOptions {
  redis: Redis;
  namespace: string;
  clock: Clock;
  suppressions: Pick<Suppressions, 'any' | 'lookUp'>;
  /** Letters of what customers want to be told of a home; '' = nothing. */
  toldOf?: (home: string) => string;
}

/** Somebody was forgotten after the job came, and was not in its lane when the others were looked through. */
export async function eraseForgotten(
  { redis, namespace, clock, suppressions }: SuppressOptions,
  seal: SealRecord,
): Promise<void> {
  if (!(await suppressions.any(seal))) return;
  if (((await lastForgotten(redis, namespace, seal)) ?? 0) < seal.created_at) return;
  await askErasing(redis, namespace, { job: seal.job, home: seal.home }, clock.now());
}

/** Repeatable. Costs a look at memory where the workspace has no opt-outs. */
export async function suppressOptedOut(
  { redis, namespace, clock, suppressions, toldOf }: SuppressOptions,
  seal: SealRecord,
): Promise<number> {
  if (!(await suppressions.any(seal))) return 0;
  let moved = 0;
  for (const n of startsOf(seal).keys()) {
    const { rows: key } = chunkKeys(namespace, seal.home, seal.job, seal.fingerprint, n);
    const blob = await ask(redis.client.getBuffer(key));
    if (!blob) continue;
    const { first, last } = chunkRange(seal, n);
    const rows = decodeRows(blob).slice(0, last - first + 1);
    const found = await optedOutRows(suppressions, seal, () => seal, rows);
    const items = found.map(({ index, ...why }) => ({ index: first + index, ...why }));
    moved += await suppressRows(redis, namespace, seal, items, clock.now(), toldOf?.(seal.home));
    await nextTurn();
  }
  return moved;
}
