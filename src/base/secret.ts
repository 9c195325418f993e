// Everything derived from SLUICE_SECRET: ids that a repeat makes again, hashes of people, and the encryption of stored tokens.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

const IV_BYTES = 12;
const TAG_BYTES = 16;

export interface Secret {
  /** `length` characters of [A-Za-z0-9_-], the same for the same label and parts under the same secret. */
  derive(label: string, parts: readonly string[], length?: number): string;
  /** The same under every configured secret, the first one first: to check what was derived before a rotation. */
  deriveAll(label: string, parts: readonly string[], length?: number): string[];
  /** Encrypts for storage (AES-256-GCM). */
  encrypt(text: string): string;
  /** Decrypts what `encrypt` made under any of the configured secrets. Throws when none fits. */
  decrypt(sealed: string): string;
  /** Names the first secret without telling it: processes that differ here do not share a secret. */
  fingerprint: string;
}

/** `roots`: base64 secrets, ≥ 32 bytes each; the first signs, all may decrypt. */
export function createSecret(roots: readonly string[]): Secret {
  const keys = roots.map((root) => {
    const bytes = Buffer.from(root, 'base64');
    const sub = (info: string) => Buffer.from(hkdfSync('sha256', bytes, '', info, 32));
    // As key objects: Node takes 17 us more for each use of a buffer as a key.
    return {
      derive: createSecretKey(sub('sluice/derive')),
      encrypt: createSecretKey(sub('sluice/encrypt')),
      name: sub('sluice/name'),
    };
  });
  const first = keys[0];
  if (!first) throw new Error('at least one secret is needed');
  return {
    derive: (label, parts, length = 22) => deriveWith(first.derive, label, parts, length),
    deriveAll: (label, parts, length = 22) => keys.map((key) => deriveWith(key.derive, label, parts, length)),
    encrypt: (text) => {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', first.encrypt, iv);
      return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString(
        'base64',
      );
    },
    decrypt: (sealed) => {
      const bytes = Buffer.from(sealed, 'base64');
      for (const key of keys) {
        const text = tryDecrypt(key.encrypt, bytes);
        if (text !== undefined) return text;
      }
      throw new Error('a stored token was encrypted under another SLUICE_SECRET');
    },
    fingerprint: first.name.toString('hex').slice(0, 16),
  };
}

const deriveWith = (key: KeyObject, label: string, parts: readonly string[], length: number): string =>
  createHmac('sha256', key)
    .update([label, ...parts].map((part) => `${part.length}:${part}`).join('|'))
    .digest('base64url')
    .slice(0, length);

function tryDecrypt(key: KeyObject, bytes: Buffer): string | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES));
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
    const body = bytes.subarray(IV_BYTES, bytes.length - TAG_BYTES);
    return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

export const sha256Hex = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

/** Compares two secrets in constant time. */
export function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
