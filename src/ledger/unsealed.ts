// Jobs of which chunks came in and no seal: whoever posted them died in between, and nobody was told 202. The same request with the same key
// brings all of it again, at any time. Until then it takes up room, so after an hour without another chunk it is taken away. A seal that is in
// the log stands in the job's row before its 202, and of such a job nothing is taken.
import { ask, type Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import type { SealRecord } from '../contract/record.ts';
import { chunkKeys, jobKeys, unsealedKey } from './keys.ts';

/** What came without a seal is kept this long after the last of it. */
export const UNSEALED_MS = 3_600_000;
/** Chunks that one script takes away; those of an upload, of which there may be more, go after it. */
const SCRIPT_MAX_CHUNKS = 500;

const dropScript = loadScript(import.meta.dirname, 'lua/drop-unsealed.lua');

type JobName = Pick<SealRecord, 'home' | 'job' | 'fingerprint'>;

export interface Unsealed {
  /** A chunk of it came, and its row does not know of a seal. Repeatable. */
  note(name: JobName, nowMs: number): Promise<void>;
  /** Takes away what is old enough, of at most `most` jobs; gives their ids. */
  endOld(nowMs: number, most: number): Promise<string[]>;
}

export function createUnsealed(redis: Redis, namespace: string): Unsealed {
  const watched = unsealedKey(namespace);
  return {
    note: async ({ job, home, fingerprint }, nowMs) =>
      void (await ask(
        redis.client.zadd(watched, 'NX', nowMs + UNSEALED_MS, `${job} ${home} ${fingerprint}`),
      )),
    endOld: async (nowMs, most) => {
      const ended: string[] = [];
      for (const member of await ask(redis.client.zrangebyscore(watched, '-inf', nowMs, 'LIMIT', 0, most))) {
        const [job = '', home = '', fingerprint = ''] = member.split(' ');
        const found = await drop(redis, namespace, { job, home, fingerprint }, nowMs);
        if (found === 'gone') ended.push(job);
        await ask(
          found === 'young'
            ? redis.client.zadd(watched, 'XX', nowMs + UNSEALED_MS, member)
            : redis.client.zrem(watched, member),
        );
      }
      return ended;
    },
  };
}

async function drop(redis: Redis, namespace: string, name: JobName, nowMs: number): Promise<string> {
  const { home, job, fingerprint } = name;
  const { row, statuses, arrived } = jobKeys(namespace, home, job, fingerprint);
  const mine = new RegExp(`^(?:in|lost):${fingerprint}:`);
  const [fields, streamed] = await Promise.all([
    ask(redis.client.hkeys(row)).then((all) => all.filter((field) => mine.test(field))),
    ask(redis.client.hkeys(arrived)),
  ]);
  const numbers = [...new Set([...fields, ...streamed].map((field) => Number(field.split(':')[2])))];
  const blobs = numbers.flatMap((n) => {
    const chunk = chunkKeys(namespace, home, job, fingerprint, n);
    return [chunk.rows, chunk.leftOut, chunk.results];
  });
  const found = await redis.run<string>(
    dropScript,
    [row, statuses, arrived, ...blobs.slice(0, 3 * SCRIPT_MAX_CHUNKS)],
    [
      (nowMs * 1_000).toFixed(0),
      fingerprint,
      UNSEALED_MS * 1_000,
      `at:${fingerprint}`,
      ...fields.slice(0, 2 * SCRIPT_MAX_CHUNKS),
    ],
  );
  for (let at = 3 * SCRIPT_MAX_CHUNKS; found === 'gone' && at < blobs.length; at += 3 * SCRIPT_MAX_CHUNKS)
    await ask(redis.client.unlink(...blobs.slice(at, at + 3 * SCRIPT_MAX_CHUNKS)));
  return found;
}
