// Messages of people: their customer service windows, and the meter of what comes in. What they wrote is read by others.
import type { Accounts } from '../../src/accounts/port.ts';
import type { Redis } from '../../src/base/redis.ts';
import type { Secret } from '../../src/base/secret.ts';
import type { InboundRecord } from '../../src/contract/receipt.ts';
import { hear } from '../../src/pacing/said.ts';

const PERSON_LETTERS = 16;
/** Nobody wrote: the platform tells of an opt-out. */
const SILENT = 'preference';

export interface InboundOptions {
  redis: Redis;
  namespace: string;
  secret: Pick<Secret, 'derive'>;
  accounts: Pick<Accounts, 'sender'>;
}

export async function takeInbound(
  { redis, namespace, secret, accounts }: InboundOptions,
  { workspace, sender: id, at, messages }: InboundRecord,
): Promise<void> {
  const sender = accounts.sender(id);
  const written = messages.filter(({ kind }) => kind !== SILENT);
  if (!sender || sender.workspace !== workspace || written.length === 0) return;
  const persons = new Map<string, number>();
  for (const { from, at: atMs } of written) {
    const person = secret.derive('person', [workspace, from], PERSON_LETTERS);
    persons.set(person, Math.max(persons.get(person) ?? 0, Math.min(atMs, at)));
  }
  const { home, platform } = sender;
  await hear(redis, namespace, { home, sender: id, platform, count: written.length, arrivedMs: at, persons });
}
