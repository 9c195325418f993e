// Messages of people: their customer service windows, and the meter of what comes in. What they wrote goes to customers who want it.
import type { Accounts } from '../../src/accounts/port.ts';
import type { TicketQueue } from '../../src/base/queue.ts';
import type { Redis } from '../../src/base/redis.ts';
import type { InboundRecord } from '../../src/contract/receipt.ts';
import type { Lanes } from '../../src/lanes/lanes.ts';
import { hear } from '../../src/pacing/said.ts';
import type { Publishing } from '../../src/subscribers/publish.ts';
import { type OptOutsOptions, PREFERENCE, takeOptOuts } from './opt-outs.ts';
import { tellInbound } from './tell.ts';

export interface InboundOptions extends Publishing, OptOutsOptions {
  redis: Redis;
  namespace: string;
  personOf(workspace: string, to: string): string;
  accounts: Pick<Accounts, 'sender' | 'wants' | 'optOut'>;
  lanes: Pick<Lanes, 'wake'>;
  tickets: Pick<TicketQueue, 'add'>;
}

export async function takeInbound(options: InboundOptions, record: InboundRecord): Promise<void> {
  const { redis, namespace, personOf, lanes, tickets } = options;
  const { workspace, sender: id, at, messages } = record;
  const sender = options.accounts.sender(id);
  const written = messages.filter(({ kind }) => kind !== PREFERENCE);
  if (!sender || sender.workspace !== workspace) return;
  await takeOptOuts(options, record);
  if (written.length === 0) return;
  await tellInbound(options, sender, written);
  const persons = new Map<string, number>();
  for (const { from, at: atMs } of written) {
    const person = personOf(workspace, from);
    persons.set(person, Math.max(persons.get(person) ?? 0, Math.min(atMs, at)));
  }
  const { home, platform, portfolio } = sender;
  const heard = { home, sender: id, platform, count: written.length, arrivedMs: at, persons };
  const { opened } = await hear(redis, namespace, heard);
  // A reply may wait for a place of the messaging limit, perhaps until tomorrow; now it needs none.
  if (opened === 0 || !portfolio || portfolio.messaging_limit === 'unlimited') return;
  for (const { sender: woken, n } of await lanes.wake(home, [id]))
    await tickets.add({ home, sender: woken, n }, 0);
}
