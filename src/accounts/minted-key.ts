// API keys that Sluice makes: `sk_live_<id>_<secret><checksum>`. The prefix and the checksum let scanners of source code find them without
// false alarms, and tell a mistyped key from an unknown one.
import { crc32 } from 'node:zlib';
import type { Clock } from '../base/clock.ts';
import type { Environment } from '../contract/environment.ts';

const ID_BYTES = 8;
const SECRET_BYTES = 24;
const CHECKSUM_LENGTH = 8;
const FORM = /^sk_(live|staging|test)_[0-9a-f]{16}_[0-9a-f]{56}$/;

export interface MintedKey {
  id: string;
  /** Shown once: only its digest is kept. */
  secret: string;
}

export function mintKey(environment: Environment, clock: Clock): MintedKey {
  const id = clock.randomHex(ID_BYTES);
  const body = `sk_${environment}_${id}_${clock.randomHex(SECRET_BYTES)}`;
  return { id: `key_${id}`, secret: body + checksumOf(body) };
}

/** Whether it has the form of a key of ours and cannot be one. */
export const isMistyped = (presented: string): boolean =>
  FORM.test(presented) &&
  checksumOf(presented.slice(0, -CHECKSUM_LENGTH)) !== presented.slice(-CHECKSUM_LENGTH);

const checksumOf = (body: string): string => crc32(body).toString(16).padStart(CHECKSUM_LENGTH, '0');
