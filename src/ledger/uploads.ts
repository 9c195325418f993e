// Jobs that are still being uploaded: how far each has come, and what becomes of those that never end.
import { ask, type Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import type { SealRecord } from '../contract/record.ts';
import { chunkKeys, jobKeys, jobListKey, jobRowKey, uploadsKey } from './keys.ts';

/** An upload without a sign of life for this long is given up. */
export const UPLOAD_SILENCE_MS = 3_600_000;
/** What is noted of an upload's chunks is kept this long after the last of them. */
const DIGESTS_MS = 24 * 3_600_000;
/** Keys of an upload that was given up are taken away so many at a time. */
const REMOVE_CHUNKS = 500;
/** A try that died may have sent so many chunks more than were noted. */
const BEYOND_CHUNKS = 64;
const DIGEST_BYTES = 32;

const beginScript = loadScript(import.meta.dirname, 'lua/begin-upload.lua');
const noteScript = loadScript(import.meta.dirname, 'lua/note-upload.lua');
const sealScript = loadScript(import.meta.dirname, 'lua/seal-upload.lua');
const endScript = loadScript(import.meta.dirname, 'lua/end-upload.lua');

type UploadName = Pick<SealRecord, 'home' | 'job' | 'fingerprint'>;

export type Begun =
  /** `digests`: of every chunk that was sent to the log, 32 bytes each; the log surely has the first `chunks` of them. */
  | { state: 'begun'; chunks: number; digests: Buffer }
  | { state: 'sealed' }
  /** `other`: the id belongs to another body. */
  | { state: 'ended' | 'other' };

export interface Note {
  /** Chunks that the log has, and items in them. */
  chunks: number;
  total: number;
  /** Number of the first chunk that is sent next, and digests from there on, 32 bytes each. */
  first: number;
  next: Buffer;
}

export interface Uploads {
  /** Writes the job's row, lists it, and watches it. `seal` has no rows yet. */
  begin(seal: SealRecord, nowMs: number): Promise<Begun>;
  /** Also the sign of life. `going`: send on; anything else is what the job has become instead. */
  note(name: UploadName, note: Note, nowMs: number): Promise<string>;
  /** The log has the seal. False: the upload was given up before. */
  sealed(seal: SealRecord): Promise<boolean>;
  /** Gives it up, and takes away what is kept of it. */
  end(name: UploadName): Promise<void>;
  /** Gives up those that were silent for too long; at most `most` at once. Gives their number. */
  endSilent(nowMs: number, most: number): Promise<number>;
}

export function createUploads(redis: Redis, namespace: string): Uploads {
  const watched = uploadsKey(namespace);
  const keysOf = ({ home, job, fingerprint }: UploadName) => jobKeys(namespace, home, job, fingerprint);
  const member = ({ home, job }: Pick<UploadName, 'home' | 'job'>): string => `${job} ${home}`;
  const endOne = async (home: string, job: string, fingerprint: string): Promise<boolean> => {
    const row = jobRowKey(namespace, home, job);
    const [state, own = '', chunks = '0'] = await redis.run<string[]>(endScript, [row], ['', fingerprint]);
    if (state !== undefined && state !== 'accepted')
      await remove(redis, namespace, { home, job, fingerprint: own }, Number(chunks) + BEYOND_CHUNKS);
    return state !== undefined;
  };
  return {
    begin: async (seal, nowMs) => {
      const { row, digests } = keysOf(seal);
      const list = jobListKey(namespace, seal.workspace, seal.environment);
      await ask(redis.client.zadd(watched, nowMs + UPLOAD_SILENCE_MS, member(seal)));
      const [state = '', chunks] = await redis.run<string[]>(
        beginScript,
        [row],
        [seal.dies_at, seal.fingerprint, JSON.stringify(seal)],
      );
      if (state !== 'begun') return { state: state as 'sealed' | 'ended' | 'other' };
      await ask(redis.client.zadd(list, 'NX', seal.created_at, seal.job));
      const noted = (await ask(redis.client.getBuffer(digests))) ?? Buffer.alloc(0);
      return { state, chunks: Math.min(Number(chunks), noted.length / DIGEST_BYTES), digests: noted };
    },
    note: async (name, { chunks, total, first, next }, nowMs) => {
      const { row, digests } = keysOf(name);
      const args = ['', name.fingerprint, chunks, total, first, next, nowMs + DIGESTS_MS];
      const state = await redis.run<string>(noteScript, [row, digests], args);
      if (state === 'going') await ask(redis.client.zadd(watched, nowMs + UPLOAD_SILENCE_MS, member(name)));
      return state;
    },
    sealed: async (seal) => {
      const args = [seal.fingerprint, JSON.stringify(seal), seal.total];
      const kept = (await redis.run<number>(sealScript, [keysOf(seal).row], args)) === 1;
      if (kept) await ask(redis.client.zrem(watched, member(seal)));
      return kept;
    },
    end: async (name) => {
      await endOne(name.home, name.job, name.fingerprint);
      await ask(redis.client.zrem(watched, member(name)));
    },
    endSilent: async (nowMs, most) => {
      let ended = 0;
      for (const one of await ask(redis.client.zrangebyscore(watched, '-inf', nowMs, 'LIMIT', 0, most))) {
        const [job = '', home = ''] = one.split(' ');
        if (await endOne(home, job, '')) ended += 1;
        await ask(redis.client.zrem(watched, one));
      }
      return ended;
    },
  };
}

async function remove(
  redis: Redis,
  namespace: string,
  { home, job, fingerprint }: UploadName,
  chunks: number,
): Promise<void> {
  const { statuses, arrived, digests } = jobKeys(namespace, home, job, fingerprint);
  for (let from = 0; from < chunks; from += REMOVE_CHUNKS) {
    const keys = Array.from({ length: Math.min(REMOVE_CHUNKS, chunks - from) }, (_, i) => {
      const chunk = chunkKeys(namespace, home, job, fingerprint, from + i);
      return [chunk.rows, chunk.leftOut, chunk.results];
    });
    await ask(redis.client.unlink(...keys.flat()));
  }
  await ask(redis.client.unlink(statuses, arrived, digests));
}
