// Whether a webhook comes from Meta: the handshake's token, and the HMAC over the raw bytes. Both compared in constant time.
// The bytes as they came: Meta signs its JSON with `\uXXXX` escapes, and writing it anew would break names and emoji.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { sameText } from '../../base/secret.ts';

export const SIGNATURE_HEADER = 'x-hub-signature-256';
const FORM = /^sha256=([0-9a-f]{64})$/i;
const MAX_CHALLENGE_CHARS = 256;

/** `sha256=` and the hexadecimal HMAC-SHA256 of the body under the app's secret. */
export function signed(raw: Buffer, header: string | undefined, appSecret: string): boolean {
  const told = FORM.exec(header ?? '')?.[1];
  const own = createHmac('sha256', appSecret).update(raw).digest();
  return told !== undefined && timingSafeEqual(own, Buffer.from(told, 'hex'));
}

/** The challenge to answer with; undefined when whoever asks does not know the token. */
export function challengeOf(
  query: Readonly<Record<string, unknown>>,
  verifyToken: string,
): string | undefined {
  const { 'hub.mode': mode, 'hub.verify_token': token, 'hub.challenge': challenge } = query;
  const known = sameText(typeof token === 'string' ? token : '', verifyToken);
  if (!known || mode !== 'subscribe' || typeof challenge !== 'string') return undefined;
  return challenge.length <= MAX_CHALLENGE_CHARS ? challenge : undefined;
}
