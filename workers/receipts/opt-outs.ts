// What people say about messages as such: a stop word, a start word, or a preference that they set at the platform.
import type { Accounts } from '../../src/accounts/port.ts';
import { optOutWord } from '../../src/contacts/opt-out-words.ts';
import { suppressionId } from '../../src/contacts/suppressed.ts';
import type { OptOut, Suppressions } from '../../src/contacts/suppressions.ts';
import type { Inbound, InboundRecord } from '../../src/contract/receipt.ts';
import { type Publishing, publish } from '../../src/subscribers/publish.ts';

/** Nobody wrote: the platform tells of an opt-out or its end. */
export const PREFERENCE = 'preference';
const REASON_CHARS = 40;
/** Platforms tell whole seconds: what is said within one stands in the order in which it came. */
const SECOND_MS = 999;

export interface OptOutsOptions extends Publishing {
  accounts: Pick<Accounts, 'optOut' | 'wants'>;
  suppressions: Pick<Suppressions, 'add' | 'remove'>;
}

/** Repeatable, and in any order: of one person's words the last counts. */
export async function takeOptOuts(
  options: OptOutsOptions,
  { workspace, environment, at, messages }: InboundRecord,
): Promise<void> {
  const { accounts, suppressions } = options;
  const owner = { workspace, environment };
  const settings = accounts.optOut(workspace);
  const optOuts: OptOut[] = [];
  for (const message of messages) {
    const { from: to, kind, payload, text } = message;
    const atMs = Math.min(at, message.at + SECOND_MS);
    if (kind === PREFERENCE) {
      if (payload === 'stop')
        optOuts.push({ to, atMs, source: 'platform', reason: 'preference', categories: ['marketing'] });
      else await suppressions.remove(owner, [to], { atMs, sources: ['platform'] });
      continue;
    }
    const word = wordOf(message, (said) => optOutWord(said, settings));
    if (word === 'stop') {
      const reason = (text ?? payload ?? '').trim().slice(0, REASON_CHARS);
      optOuts.push({ to, atMs, source: 'inbound', reason, categories: settings.categories });
    } else if (word === 'start')
      await suppressions.remove(owner, [to], { atMs, sources: ['platform', 'inbound'] });
  }
  if (optOuts.length === 0) return;
  const added = await suppressions.add(owner, optOuts);
  await publish(
    options,
    owner,
    'suppression.created',
    optOuts.flatMap(({ source, reason, categories, atMs = at }, i) => {
      const one = added[i];
      const id = one && suppressionId(one.person);
      const data = { id, reason, source, categories: categories ?? null };
      return one?.created && id ? [{ parts: [id, String(atMs)], atMs, data }] : [];
    }),
  );
}

/** A tapped button says it by its words or by what it carries. */
const wordOf = <Word>({ text, payload }: Inbound, read: (said: string | undefined) => Word | undefined) =>
  read(text) ?? read(payload);
