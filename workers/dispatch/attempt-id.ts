// The id that travels with a call and comes back in its receipts: job, index and try, with a tag that only we can make.
// One HMAC per job and one hash per call: an HMAC per call took 14 % of the station's time.
import { hash } from 'node:crypto';
import type { Secret } from '../../src/base/secret.ts';

const KEY_LETTERS = 43;
const TAG_LETTERS = 12;
const MAX_JOBS = 1_000;

/** `job.index.try.tag`, at most 80 bytes, nothing personal. */
export function createAttemptIds(secret: Secret): (job: string, index: number, attempt: number) => string {
  const keys = new Map<string, string>();
  const keyOf = (job: string): string => {
    let key = keys.get(job);
    if (key === undefined) {
      if (keys.size >= MAX_JOBS) keys.clear();
      key = secret.derive('attempt', [job], KEY_LETTERS);
      keys.set(job, key);
    }
    return key;
  };
  return (job, index, attempt) => {
    const name = `${job}.${index}.${attempt}`;
    // The tag is a fraction of the hash, so that it cannot be extended to another name.
    return `${name}.${hash('sha256', `${keyOf(job)}.${name}`, 'base64url').slice(0, TAG_LETTERS)}`;
  };
}
