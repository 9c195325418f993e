// What customers are told of what a platform says by itself: messages of people, and what has become of their senders. Told before it is done,
// under an id that is made of what was said: killed in between, it is told again as the same event.
import type { Accounts, Sender } from '../../src/accounts/port.ts';
import type { Secret } from '../../src/base/secret.ts';
import type { EventType } from '../../src/contract/event.ts';
import type { AccountRecord, Inbound } from '../../src/contract/receipt.ts';
import { isoTime } from '../../src/contract/time.ts';
import type { Log } from '../../src/log/port.ts';
import { entryOfEvents, eventId, recordOfOne } from '../../src/subscribers/publish.ts';

export interface TellOptions {
  log: Pick<Log, 'append'>;
  secret: Secret;
  accounts: Pick<Accounts, 'wants'>;
}

export async function tellInbound(
  options: TellOptions,
  sender: Sender,
  messages: readonly Inbound[],
): Promise<void> {
  await tell(options, sender, 'message.received', messages, ({ id, from, at, ...rest }) => ({
    parts: [sender.id, id],
    atMs: at,
    data: { sender: sender.id, provider_id: id, from, ...rest, received_at: isoTime(at) },
  }));
}

export async function tellAccountChange(
  options: TellOptions,
  sender: Sender,
  { at, change }: AccountRecord,
): Promise<void> {
  const about = { sender: sender.id, portfolio: sender.portfolio?.id ?? null };
  const parts = [sender.id, String(at), JSON.stringify(change)];
  switch (change.type) {
    case 'messaging_limit':
    case 'throughput': {
      const { type, ...value } = change;
      const data = { ...about, limit: type, ...value };
      return tell(options, sender, 'sender.limit_changed', [data], () => ({ parts, atMs: at, data }));
    }
    case 'account_held':
    case 'template_held': {
      const { type, code, ...rest } = change;
      const until = 'until' in rest && rest.until !== undefined ? isoTime(rest.until) : null;
      const template = 'name' in rest ? { name: rest.name, language: rest.language } : null;
      const data = {
        ...about,
        scope: type === 'account_held' ? 'portfolio' : 'template',
        template,
        code,
        until,
      };
      return tell(options, sender, 'sender.limited', [data], () => ({ parts, atMs: at, data }));
    }
  }
}

async function tell<One>(
  { log, secret, accounts }: TellOptions,
  sender: Sender,
  type: EventType,
  all: readonly One[],
  eventOf: (one: One) => { parts: string[]; atMs: number; data: Record<string, unknown> },
): Promise<void> {
  if (all.length === 0 || !accounts.wants(sender, type)) return;
  const { workspace, environment } = sender;
  const entries = all.map(eventOf).map(({ parts, atMs, data }) => {
    const id = eventId(secret, [type, ...parts]);
    return entryOfEvents(recordOfOne({ id, type, workspace, environment, atMs, data }));
  });
  await log.append('events', entries);
}
