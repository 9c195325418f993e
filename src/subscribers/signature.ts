// Standard Webhooks 1.0.0: HMAC-SHA256 over "id.timestamp.body", one signature per secret that is valid. Pure.
import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';

/** `timestampS`: unix seconds. Several secrets while one replaces another: receivers take any of them. */
export const signaturesOf = (
  secrets: readonly string[],
  id: string,
  timestampS: number,
  body: string,
): string => secrets.map((secret) => `v1,${signed(keyOf(secret), `${id}.${timestampS}.${body}`)}`).join(' ');

const signed = (key: Buffer, text: string): string => createHmac('sha256', key).update(text).digest('base64');

const keyOf = (secret: string): Buffer =>
  Buffer.from(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret, 'base64');

/** 32 random bytes as a secret. */
export const secretOf = (random: Buffer): string => PREFIX + random.toString('base64');
