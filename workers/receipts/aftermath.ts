// Failures told by webhook that speak of more than their message: the number, the portfolio, the credentials or the template is held, as if
// the answer to a call had said so; or the person gets no more marketing for a day. What is long past holds nothing.
import type { Clock } from '../../src/base/clock.ts';
import type { Redis } from '../../src/base/redis.ts';
import type { OptOut, Suppressions } from '../../src/contacts/suppressions.ts';
import type { SealRecord } from '../../src/contract/record.ts';
import { holdFields } from '../../src/pacing/keys.ts';
import { sayHold, sayRest } from '../../src/pacing/said.ts';
import type { Aftermath } from '../../src/platforms/port.ts';
import type { Receipt } from './merge.ts';

export interface AftermathOptions {
  redis: Redis;
  namespace: string;
  clock: Clock;
  personOf(workspace: string, to: string): string;
  /** What a code of the platform says of more than one message. */
  aftermathOf(code: string): Aftermath | undefined;
  /** Whether a code says that the person wants no more marketing. */
  isOptOut(code: string): boolean;
  suppressions: Pick<Suppressions, 'add'>;
}

export async function holdAftermath(
  options: AftermathOptions,
  seal: SealRecord,
  receipts: readonly Receipt[],
): Promise<void> {
  const { redis, namespace, clock, aftermathOf, personOf } = options;
  const { home, workspace } = seal;
  await noteOptOuts(options, seal, receipts);
  for (const { error, at, to } of receipts) {
    const aftermath = error && aftermathOf(error.code);
    if (!error || !aftermath || at + aftermath.holdMs <= clock.now()) continue;
    const untilMs = at + aftermath.holdMs;
    if (aftermath.moves === 'recipient') {
      if (to !== undefined) await sayRest(redis, namespace, home, personOf(workspace, to), untilMs);
      continue;
    }
    const field = fieldOf(aftermath.moves, seal);
    if (field === undefined) continue;
    await sayHold(redis, namespace, { home, field, untilMs, code: error.code, saidMs: at, atLeast: true });
  }
}

/** The platform refused because the person had told it so. */
async function noteOptOuts(
  { suppressions, isOptOut }: AftermathOptions,
  seal: SealRecord,
  receipts: readonly Receipt[],
): Promise<void> {
  const optOuts = receipts.flatMap(({ error, to, at }): OptOut[] =>
    error && to !== undefined && isOptOut(error.code)
      ? [{ to, atMs: at, source: 'platform', reason: error.message, categories: ['marketing'] }]
      : [],
  );
  if (optOuts.length > 0) await suppressions.add(seal, optOuts);
}

/** A message may have content of its own: then its template is not known here, and the next answer tells. */
function fieldOf(
  moves: Exclude<Aftermath['moves'], 'recipient'>,
  { sender, content }: SealRecord,
): string | undefined {
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
