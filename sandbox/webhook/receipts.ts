// The receipts of one taken message: planned once, then said at their times.
import type { Message } from '../meta/message.ts';
import type { PhoneNumber } from '../phone-number.ts';
import type { World } from '../world.ts';
import { statusBody } from './bodies.ts';
import { planStatuses } from './plan.ts';

/** `answerMs`: how long after this moment the call is answered. */
export function sayReceipts(
  world: World,
  number: PhoneNumber,
  message: Message,
  id: string,
  answerMs: number,
): void {
  const rules = number.rules.webhook;
  if (rules === undefined) return;
  const baseMs = rules.before_answer ? 0 : answerMs;
  const planned = planStatuses(rules, world.random);
  if (planned.length === 0) return;
  const said = new Set(planned.map(({ status }) => status));
  world.outbox.counts.ends[said.has('failed') ? 'failed' : said.has('read') ? 'read' : 'delivered'] += 1;
  for (const { status, afterMs, opaque } of planned) {
    const delayMs = baseMs + afterMs;
    const body = statusBody({
      id,
      status,
      waId: message.waId,
      atS: Math.floor((world.clock.wallMs() + delayMs) / 1_000),
      ref: opaque ? message.ref : undefined,
      failCode: rules.fail_code,
    });
    world.outbox.status(number, rules, delayMs, body);
  }
}
