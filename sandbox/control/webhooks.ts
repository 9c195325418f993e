// What may be told about webhooks: the rules of a number, a message of a person, a change of the account.
import { wamidOf } from '../meta/wamid.ts';
import type { PhoneNumber } from '../phone-number.ts';
import { displayOf, messageBody, messagesValue } from '../webhook/bodies.ts';
import { accountOf } from '../webhook/outbox.ts';
import { PLAIN_WEBHOOK, type WebhookRules } from '../webhook/rules.ts';
import type { World } from '../world.ts';
import { type Check, flag, fraction, InputError, integer, needed, oneOf, shape, text } from './input.ts';
import { latency } from './latency.ts';

const MAX_MESSAGES = 1_000;
const MAX_TEXT_CHARS = 4_096;
const DIGITS = /^[1-9][0-9]{4,14}$/;
const FIELDS = [
  'business_capability_update',
  'phone_number_quality_update',
  'account_update',
  'message_template_status_update',
] as const;
const MAX_STATUSES = 1_000;
const MAX_BATCH_MS = 60_000;

/** A number's rules begin plain; `null` takes them away. */
export const webhookRules: Check<WebhookRules> = (value, path) => {
  const { url, app_secret, ...rest } = shape({
    url: text(2_048),
    app_secret: text(255),
    account: text(64),
    delay_ms: latency,
    before_answer: flag,
    duplicate: fraction(),
    reorder: fraction(),
    skip_delivered: fraction(),
    read: fraction(),
    fail: fraction(),
    fail_code: integer(0, 9_999_999),
    silent: fraction(),
    no_opaque: fraction(),
    batch: integer(1, MAX_STATUSES),
    batch_ms: integer(0, MAX_BATCH_MS),
  })(value, path);
  return {
    ...PLAIN_WEBHOOK,
    ...rest,
    url: needed(url, `${path}.url`),
    app_secret: needed(app_secret, `${path}.app_secret`),
  };
};

/** `POST /control/inbound`: a person writes to a number, `count` times. */
export function sayInbound(world: World, value: unknown): object {
  const read = shape({
    number: text(64),
    from: text(16),
    text: text(MAX_TEXT_CHARS),
    count: integer(1, MAX_MESSAGES),
  })(value, '');
  const number = toldNumber(world, read.number);
  const from = needed(read.from, 'from').replace(/^\+/, '');
  if (!DIGITS.test(from)) throw new InputError('from', 'must be a phone number');
  const messages = Array.from({ length: read.count ?? 1 }, () => {
    receiveInbound(world, number, Number(from));
    const atS = Math.floor(world.clock.wallMs() / 1_000);
    return messageBody({ id: wamidOf(from, world.nextSerial()), from, atS, text: read.text ?? 'Hello' });
  });
  const contacts = [{ profile: { name: 'Luc\u00eda' }, wa_id: from }];
  const told = messagesValue(number.id, { contacts, messages });
  world.outbox.change(number.rules.webhook, accountOf(number), 'messages', told);
  return { said: messages.length };
}

/** It counts against the number's throughput as a message out does, and opens the person's customer service window. */
function receiveInbound(world: World, number: PhoneNumber, waId: number): void {
  const atUs = world.clock.nowUs();
  number.windows[0]?.gate.letThrough(atUs);
  number.customers.opened(waId, atUs);
}

/** `POST /control/changes`: the platform tells of a change of the account, in its own words. */
export function sayChange(world: World, value: unknown): object {
  const read = shape({ number: text(64), field: oneOf(...FIELDS), value: anyObject })(value, '');
  const number = toldNumber(world, read.number);
  const field = needed(read.field, 'field');
  const told = needed(read.value, 'value');
  const shown = field === 'phone_number_quality_update' ? { display_phone_number: displayOf(number.id) } : {};
  world.outbox.change(number.rules.webhook, accountOf(number), field, { ...shown, ...told });
  return { said: 1 };
}

const anyObject: Check<object> = (value, path) => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new InputError(path, 'must be an object');
};

/** A number that has a webhook. */
function toldNumber(
  world: World,
  id: string | undefined,
): PhoneNumber & { rules: { webhook: WebhookRules } } {
  const number = world.numbers.get(needed(id, 'number'));
  if (number?.rules.webhook === undefined) throw new InputError('number', 'is not known, or has no webhook');
  return number as PhoneNumber & { rules: { webhook: WebhookRules } };
}
