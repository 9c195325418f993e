// Failures told by webhook that speak of more than their message: the number, the portfolio, the credentials or the template is held, as if
// the answer to a call had said so. What is long past holds nothing.
import type { Clock } from '../../src/base/clock.ts';
import type { Redis } from '../../src/base/redis.ts';
import type { SealRecord } from '../../src/contract/record.ts';
import { holdFields } from '../../src/pacing/keys.ts';
import { sayHold } from '../../src/pacing/said.ts';
import type { Aftermath } from '../../src/platforms/port.ts';
import type { Receipt } from './merge.ts';

export interface AftermathOptions {
  redis: Redis;
  namespace: string;
  clock: Clock;
  /** What a code of the platform says of more than one message. */
  aftermathOf(code: string): Aftermath | undefined;
}

export async function holdAftermath(
  { redis, namespace, clock, aftermathOf }: AftermathOptions,
  seal: SealRecord,
  receipts: readonly Receipt[],
): Promise<void> {
  for (const { error, at } of receipts) {
    const aftermath = error && aftermathOf(error.code);
    const field = aftermath && fieldOf(aftermath, seal);
    if (!error || !aftermath || field === undefined) continue;
    const untilMs = at + aftermath.holdMs;
    if (untilMs <= clock.now()) continue;
    const { home } = seal;
    await sayHold(redis, namespace, { home, field, untilMs, code: error.code, saidMs: at, atLeast: true });
  }
}

/** A message may have content of its own: then its template is not known here, and the next answer tells. */
function fieldOf({ moves }: Aftermath, { sender, content }: SealRecord): string | undefined {
  switch (moves) {
    case 'sender':
      return holdFields.sender(sender);
    case 'credentials':
      return holdFields.credentials(sender);
    case 'portfolio':
      return holdFields.portfolio;
    case 'template':
      return content.template && holdFields.template(content.template.name, content.template.language);
  }
}
