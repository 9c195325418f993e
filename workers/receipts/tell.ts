// What customers are told of what a platform says by itself: messages of people, and what has become of their senders. Told before it is done,
// under an id that is made of what was said: killed in between, it is told again as the same event.
import type { Sender } from '../../src/accounts/port.ts';
import { type AccountRecord, type Inbound, templateStatusOf } from '../../src/contract/receipt.ts';
import { isoTime } from '../../src/contract/time.ts';
import { type Publishing, publish } from '../../src/subscribers/publish.ts';

export const tellInbound = (
  options: Publishing,
  sender: Sender,
  messages: readonly Inbound[],
): Promise<void> =>
  publish(
    options,
    sender,
    'message.received',
    messages.map(({ id, from, at, ...rest }) => ({
      parts: [sender.id, id],
      atMs: at,
      data: { sender: sender.id, provider_id: id, from, ...rest, received_at: isoTime(at) },
    })),
  );

export async function tellAccountChange(
  options: Publishing,
  sender: Sender,
  { at, change }: AccountRecord,
): Promise<void> {
  const about = { sender: sender.id, portfolio: sender.portfolio?.id ?? null };
  const parts = [sender.id, String(at), JSON.stringify(change)];
  const template = templateStatusOf(change);
  if (template) {
    const data = { sender: sender.id, ...template };
    await publish(options, sender, 'template.status_changed', [{ parts, atMs: at, data }]);
  }
  switch (change.type) {
    case 'messaging_limit':
    case 'throughput': {
      const { type, ...value } = change;
      const changes = { [type]: 'limit' in value ? value.limit : value.per_second };
      const data = { ...about, source: 'platform', changes };
      return publish(options, sender, 'sender.limit_changed', [{ parts, atMs: at, data }]);
    }
    case 'account_held':
    case 'template_held': {
      const { type, code, ...rest } = change;
      const until = 'until' in rest && rest.until !== undefined ? isoTime(rest.until) : null;
      const template = 'name' in rest ? { name: rest.name, language: rest.language } : null;
      const scope = type === 'account_held' ? 'portfolio' : 'template';
      const data = { ...about, scope, template, code, until };
      return publish(options, sender, 'sender.limited', [{ parts, atMs: at, data }]);
    }
  }
}
