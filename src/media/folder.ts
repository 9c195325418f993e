// Files that wait for their upload to a platform: one folder with a bound, a file per job. What nobody takes away is swept when its time is over.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../base/clock.ts';
import { Failure, refused, unavailable } from '../base/failure.ts';
import { HEAD_BYTES, MEDIA_TYPES } from '../contract/media.ts';

/** A file that came in and became no job, and one whose job has had all its time. */
const INCOMING_MS = 3_600_000;
const KEPT_MS = 8 * 86_400_000;
const FULL_RETRY_MS = 30_000;
const INCOMING = 'in-';

export interface WrittenFile {
  path: string;
  bytes: number;
  sha256: string;
}

export interface MediaFolder {
  /** Streams a file in. Throws `payload_too_large`, `unprocessable` (not what its type says) and `unavailable` (the folder is full). */
  write(bytes: Readable, type: string): Promise<WrittenFile>;
  /** Gives it to a job. */
  keep(file: WrittenFile, job: string): Promise<void>;
  /** Where the file of a job is; undefined: not on this machine. */
  find(job: string): Promise<string | undefined>;
  /** Takes it away; nothing when it is gone. */
  remove(file: string): Promise<void>;
  /** Takes away what is too old. */
  sweep(): Promise<void>;
}

export interface FolderOptions {
  folder: string;
  maxBytes: number;
  clock: Clock;
}

export function createMediaFolder({ folder, maxBytes, clock }: FolderOptions): MediaFolder {
  // What the files that come in just now may yet take.
  let reserved = 0;
  const remove = (file: string): Promise<void> => rm(file, { force: true });
  return {
    remove,
    write: async (bytes, type) => {
      const most = MEDIA_TYPES[type]?.maxBytes ?? 0;
      await mkdir(folder, { recursive: true }).catch(notKept);
      const used = (await filesIn(folder)).reduce((sum, { size }) => sum + size, 0);
      if (used + reserved + most > maxBytes) {
        bytes.resume();
        throw unavailable('Too many files wait for their upload just now.', undefined, FULL_RETRY_MS);
      }
      reserved += most;
      const file = path.join(folder, INCOMING + clock.randomHex(12));
      try {
        return { path: file, ...(await writeChecked(bytes, file, type, most)) };
      } catch (error) {
        await remove(file);
        if (error instanceof Failure) throw error;
        return notKept(error);
      } finally {
        reserved -= most;
      }
    },
    keep: (file, job) => rename(file.path, path.join(folder, job)),
    find: async (job) => {
      const file = path.join(folder, job);
      return stat(file).then(
        () => file,
        () => undefined,
      );
    },
    sweep: async () => {
      for (const { name, changedMs } of await filesIn(folder)) {
        const keptMs = name.startsWith(INCOMING) ? INCOMING_MS : KEPT_MS;
        if (changedMs + keptMs < clock.now()) await remove(path.join(folder, name));
      }
    },
  };
}

/** The disk is full, or not ours. */
const notKept = (cause: unknown): never => {
  throw unavailable('The file cannot be kept just now.', cause, FULL_RETRY_MS);
};

async function filesIn(folder: string): Promise<{ name: string; size: number; changedMs: number }[]> {
  const names = await readdir(folder).catch(() => []);
  const files = await Promise.all(
    names.map((name) =>
      stat(path.join(folder, name)).then(
        ({ size, mtimeMs }) => [{ name, size, changedMs: mtimeMs }],
        // Another process has just taken it away.
        () => [],
      ),
    ),
  );
  return files.flat();
}

/** Counts, sums up and looks at the first bytes as they pass. */
async function writeChecked(
  source: Readable,
  file: string,
  type: string,
  most: number,
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  let head = Buffer.alloc(0);
  const checked = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (head.length < HEAD_BYTES) head = Buffer.concat([head, chunk]).subarray(0, HEAD_BYTES);
      hash.update(chunk);
      if (bytes > most) done(tooLarge(type, most));
      else if (head.length >= HEAD_BYTES && !begins(type, head)) done(notThat(type));
      else done(null, chunk);
    },
    flush(done) {
      done(bytes > 0 && begins(type, head) ? null : notThat(type));
    },
  });
  await pipeline(source, checked, createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true }));
  return { bytes, sha256: hash.digest('hex') };
}

const begins = (type: string, head: Buffer): boolean => MEDIA_TYPES[type]?.begins(head) ?? false;

const tooLarge = (type: string, most: number) =>
  refused('payload_too_large', `A file of ${type} must be at most ${most} bytes.`);
const notThat = (type: string) =>
  refused('unprocessable', `The file does not begin as ${type} does.`, [
    { path: 'file', code: 'wrong_type', message: `does not begin as ${type} does` },
  ]);
