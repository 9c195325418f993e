// The bodies of webhooks as Meta writes them (reference/meta-cloud-api.md §5.3–§5.6), and their signature. Everything above U+007F is
// escaped before it is signed, as Meta does.
import { createHash, createHmac } from 'node:crypto';
import { graphError } from '../meta/graph-error.ts';

export interface StatusOf {
  id: string;
  status: string;
  waId: string;
  /** Unix seconds. */
  atS: number;
  ref: string | undefined;
  failCode: number;
}

export function statusBody({ id, status, waId, atS, ref, failCode }: StatusOf): object {
  return {
    id,
    status,
    timestamp: String(atS),
    recipient_id: waId,
    ...(ref === undefined ? {} : { biz_opaque_callback_data: ref }),
    ...(status === 'failed' ? { errors: [errorOf(failCode)] } : {}),
  };
}

function errorOf(code: number): object {
  const title = graphError(code).message.replace(/^\(#\d+\) /, '');
  return { code, title, message: title, error_data: { details: title } };
}

export interface MessageOf {
  id: string;
  from: string;
  atS: number;
  text: string;
}

export function messageBody({ id, from, atS, text }: MessageOf): object {
  return { from, id, timestamp: String(atS), type: 'text', text: { body: text } };
}

/** The value of a `messages` change of one number. */
export function messagesValue(number: string, content: object): object {
  const metadata = { display_phone_number: displayOf(number), phone_number_id: number };
  return { messaging_product: 'whatsapp', metadata, ...content };
}

/** A number as it is shown: made of its id, and no other's. */
export function displayOf(number: string): string {
  const digits = createHash('sha1').update(number).digest().readUInt32BE(0) % 10_000_000;
  return `1555${String(digits).padStart(7, '0')}`;
}

export function webhookBody(account: string, field: string, value: object): string {
  const body = { object: 'whatsapp_business_account', entry: [{ id: account, changes: [{ field, value }] }] };
  return JSON.stringify(body).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export const signatureOf = (body: string, appSecret: string): string =>
  `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}`;
