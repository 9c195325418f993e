// Whether every chunk of a stream is in, and is the one that its seal means. There may be 20,000 of them, so they are compared in pages, by
// one digest over all: the seal stays one small record, and no script runs long. What is noted of a chunk never changes, so what was
// true of a page stays true.
import { createHash } from 'node:crypto';
import { ask, type Redis } from '../../src/base/redis.ts';
import type { SealRecord } from '../../src/contract/record.ts';
import { jobKeys } from '../../src/ledger/keys.ts';
import { startsOf } from '../../src/ledger/row.ts';

const PAGE_CHUNKS = 1_000;
/** Stands in for a chunk that could not be read: its rows have failed, and its digest is not known. */
const UNREADABLE = '*';

export async function haveArrived(redis: Redis, namespace: string, seal: SealRecord): Promise<boolean> {
  const { arrived } = jobKeys(namespace, seal.home, seal.job, seal.fingerprint);
  const chunks = startsOf(seal).length;
  if ((await ask(redis.client.hlen(arrived))) < chunks) return false;
  const whole = createHash('sha256');
  let unreadable = false;
  for (let from = 0; from < chunks; from += PAGE_CHUNKS) {
    const fields = Array.from(
      { length: Math.min(PAGE_CHUNKS, chunks - from) },
      (_, i) => `in:${seal.fingerprint}:${from + i}`,
    );
    const digests = await ask(redis.client.hmget(arrived, ...fields));
    if (digests.includes(null)) return false;
    unreadable ||= digests.includes(UNREADABLE);
    for (const digest of digests) whole.update(Buffer.from(digest ?? '', 'hex'));
  }
  return unreadable || whole.digest('hex') === seal.stream?.digest;
}
