// Meta's webhooks as the API asks about them: the handshake, the signature, what is said.
import type { Webhook } from '../port.ts';
import { readWebhook } from './receipt.ts';
import { challengeOf, SIGNATURE_HEADER, signed } from './signature.ts';

export const metaWebhook: Webhook = {
  challenge: challengeOf,
  signed: (raw, header, secret) => signed(raw, header(SIGNATURE_HEADER), secret),
  read: readWebhook,
};
