// The id that travels with a call and comes back in its receipts: job, index and try, with a tag that only we can make. Opaque to
// whoever sees it, at most 100 bytes, nothing personal. A receipt speaks about an item only if its id passes the check.
// One HMAC per job and one hash per call: an HMAC per call took 14 % of the dispatch station's time.
import { hash } from 'node:crypto';
import { type Secret, sameText } from '../base/secret.ts';

const KEY_LETTERS = 43;
const TAG_LETTERS = 16;
const MAX_JOBS = 10_000;
const MAX_ID_LETTERS = 256;
const NAME = /^(job_[A-Za-z0-9_-]{1,64})\.(\d{1,9})\.(\d{1,3})$/;

export interface AttemptName {
  job: string;
  index: number;
  /** Modulo 256, as the ledger counts. */
  try: number;
}

export interface AttemptIds {
  make(job: string, index: number, attempt: number): string;
  /** Undefined when the text is none of our ids. */
  read(id: string): AttemptName | undefined;
}

export function createAttemptIds(secret: Secret): AttemptIds {
  const keys = new Map<string, readonly string[]>();
  const keysOf = (job: string): readonly string[] => {
    let known = keys.get(job);
    if (known === undefined) {
      if (keys.size >= MAX_JOBS) keys.clear();
      known = secret.deriveAll('attempt', [job], KEY_LETTERS);
      keys.set(job, known);
    }
    return known;
  };
  return {
    make: (job, index, attempt) => {
      const name = `${job}.${index}.${attempt}`;
      return `${Buffer.from(name).toString('base64url')}.${tagOf(keysOf(job)[0] ?? '', name)}`;
    },
    read: (id) => {
      const dot = id.indexOf('.');
      if (dot < 0 || id.length > MAX_ID_LETTERS) return undefined;
      const name = Buffer.from(id.slice(0, dot), 'base64url').toString();
      const [, job = '', index, attempt] = NAME.exec(name) ?? [];
      if (job === '') return undefined;
      const told = id.slice(dot + 1);
      // Ids of before a rotation of the secret come back for weeks.
      if (!keysOf(job).some((key) => sameText(tagOf(key, name), told))) return undefined;
      return { job, index: Number(index), try: Number(attempt) };
    },
  };
}

/** A fraction of the hash, so that it cannot be extended to another name. */
const tagOf = (key: string, name: string): string =>
  hash('sha256', `${key}.${name}`, 'base64url').slice(0, TAG_LETTERS);
