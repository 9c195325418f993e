// Meta's webhook → what it says, in our words. Pure and forgiving: what is not understood is left out, never guessed.
// Meta posts per app: one body may speak about several numbers, so each part names its own. Shapes: reference of Meta §5.3–§5.6.
import type { Inbound, ReceiptStatus } from '../../contract/receipt.ts';
import type { Heard, HeardStatus } from '../port.ts';
import { accountChangesOf } from './account-change.ts';
import { redact } from './classify.ts';
import { type Fields, itemsOf, objectOf, textOf } from './json.ts';

/** What a person wrote, as far as it is kept. */
const MAX_TEXT_CHARS = 1_024;
const MAX_ID_CHARS = 256;
const MAX_REASON_CHARS = 120;
/** `played` is a voice message that was heard: more than read is nothing. */
const STATUSES: Readonly<Record<string, ReceiptStatus['status']>> = {
  sent: 'sent',
  delivered: 'delivered',
  read: 'read',
  played: 'read',
  failed: 'failed',
};

/** Undefined when the bytes are no webhook of a WhatsApp account. `nowMs` stands in for a time that is missing. */
export function readWebhook(raw: Buffer, nowMs: number): Heard[] | undefined {
  const body = parse(raw);
  if (body?.object !== 'whatsapp_business_account' || !Array.isArray(body.entry)) return undefined;
  return itemsOf(body.entry).flatMap((entry) => {
    const account = textOf(objectOf(entry)?.id);
    return itemsOf(objectOf(entry)?.changes).flatMap((change) => {
      const { field, value } = objectOf(change) ?? {};
      return heardOf(textOf(field) ?? '', objectOf(value) ?? {}, account, nowMs);
    });
  });
}

function heardOf(field: string, value: Fields, account: string | undefined, nowMs: number): Heard[] {
  const metadata = objectOf(value.metadata);
  const number = textOf(metadata?.display_phone_number) ?? textOf(value.display_phone_number);
  const names = { ...(account && { account }), ...(number && { number }) };
  const externalId = textOf(metadata?.phone_number_id);
  if (externalId === undefined)
    return accountChangesOf(field, value).map((change) => ({ kind: 'account', names, change }));
  const statuses = itemsOf(value.statuses).flatMap((one) => statusOf(objectOf(one) ?? {}, nowMs));
  const messages = [
    ...itemsOf(value.messages).flatMap((one) => messageOf(objectOf(one) ?? {}, nowMs)),
    ...itemsOf(value.user_preferences).flatMap((one) => preferenceOf(objectOf(one) ?? {}, nowMs)),
  ];
  return [
    ...(statuses.length > 0 ? [{ kind: 'statuses' as const, names, externalId, statuses }] : []),
    ...(messages.length > 0 ? [{ kind: 'inbound' as const, names, externalId, messages }] : []),
  ];
}

function statusOf(status: Fields, nowMs: number): HeardStatus[] {
  const id = idOf(status.id);
  const known = STATUSES[textOf(status.status) ?? ''];
  if (id === undefined || known === undefined) return [];
  const error = known === 'failed' ? errorOf(objectOf(itemsOf(status.errors)[0]) ?? {}) : undefined;
  const to = error && personOf(status.recipient_id);
  return [
    {
      id,
      status: known,
      at: timeOf(status.timestamp, nowMs),
      attemptId: textOf(status.biz_opaque_callback_data),
      ...(error && { error }),
      ...(to !== undefined && { to }),
    },
  ];
}

function errorOf({ code, title, message, error_data }: Fields): { code: string; message: string } {
  const words = [objectOf(error_data)?.details, message, title].find((text) => typeof text === 'string');
  return {
    code: typeof code === 'number' || typeof code === 'string' ? String(code).slice(0, 16) : 'failed',
    message: redact(String(words ?? 'the platform says that it failed')).slice(0, MAX_REASON_CHARS),
  };
}

function messageOf(message: Fields, nowMs: number): Inbound[] {
  const [id, from, kind] = [idOf(message.id), personOf(message.from), textOf(message.type)];
  if (id === undefined || from === undefined || kind === undefined) return [];
  const [button, interactive] = [objectOf(message.button), objectOf(message.interactive)];
  const reply = objectOf(interactive?.button_reply) ?? objectOf(interactive?.list_reply);
  const text = textOf(objectOf(message.text)?.body) ?? textOf(button?.text) ?? textOf(reply?.title);
  const payload = textOf(button?.payload) ?? textOf(reply?.id);
  const replyTo = idOf(objectOf(message.context)?.id);
  return [
    {
      id,
      from,
      at: timeOf(message.timestamp, nowMs),
      kind: kind.slice(0, 32),
      ...(text !== undefined && { text: text.slice(0, MAX_TEXT_CHARS) }),
      ...(payload !== undefined && { payload: payload.slice(0, MAX_TEXT_CHARS) }),
      ...(replyTo !== undefined && { reply_to: replyTo }),
    },
  ];
}

/** Meta's own opt-out. Nobody wrote, so it opens no customer service window. */
function preferenceOf(preference: Fields, nowMs: number): Inbound[] {
  const from = personOf(preference.wa_id);
  const payload = textOf(preference.value);
  if (from === undefined || (payload !== 'stop' && payload !== 'resume')) return [];
  return [{ id: 'preference', from, at: timeOf(preference.timestamp, nowMs), kind: 'preference', payload }];
}

const idOf = (value: unknown): string | undefined => textOf(value)?.slice(0, MAX_ID_CHARS);

/** A wa_id is E.164 without its plus. */
function personOf(value: unknown): string | undefined {
  const digits = textOf(value);
  return digits !== undefined && /^[1-9]\d{4,14}$/.test(digits) ? `+${digits}` : undefined;
}

/** Unix seconds, as a string in most places and as a number in some → ms. */
function timeOf(value: unknown, nowMs: number): number {
  const seconds = Number(value);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1_000, nowMs) : nowMs;
}

function parse(raw: Buffer): Fields | undefined {
  try {
    return objectOf(JSON.parse(raw.toString('utf8')));
  } catch {
    return undefined;
  }
}
