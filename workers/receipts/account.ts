// Changes of an account, told by the platform: a tier, a throughput, a stop, a template. They bind what waits within a second: limits go
// through the accounts, which wake the lanes they concern; holds wake the lanes of their home here.
import type { Sender } from '../../src/accounts/port.ts';
import type { AccountsRegistry } from '../../src/accounts/registry.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { TicketQueue } from '../../src/base/queue.ts';
import type { Redis } from '../../src/base/redis.ts';
import { type AccountRecord, templateStatusOf } from '../../src/contract/receipt.ts';
import type { Lanes } from '../../src/lanes/lanes.ts';
import { holdFields } from '../../src/pacing/keys.ts';
import { type SaidHold, sayHold } from '../../src/pacing/said.ts';
import type { Publishing } from '../../src/subscribers/publish.ts';
import type { TemplateStore } from '../../src/templates/store.ts';
import type { Names } from './names.ts';
import { tellAccountChange } from './tell.ts';

/** What only a person can mend is looked at again after this: one call goes, and its refusal holds the rest anew. */
const PERSON_MS = 24 * 3_600_000;

export interface AccountOptions extends Publishing {
  redis: Redis;
  namespace: string;
  clock: Clock;
  logger: Logger;
  accounts: Pick<AccountsRegistry, 'change' | 'sendersOf' | 'wants'>;
  lanes: Pick<Lanes, 'wake'>;
  tickets: Pick<TicketQueue, 'add'>;
  names: Names;
  templates: Pick<TemplateStore, 'status'>;
}

/** Resolves with whether it was clear whom the change is about. */
export async function takeAccountChange(options: AccountOptions, record: AccountRecord): Promise<boolean> {
  const { names, logger } = options;
  const { change } = record;
  const sender = change.type === 'throughput' ? await names.byNumber(record) : await names.byAccount(record);
  if (!sender) return false;
  logger.info('account.change_told', { sender: sender.id, home: sender.home, code: change.type });
  await tellAccountChange(options, sender, record);
  await noteTemplate(options, sender, record);
  await apply(options, sender, record);
  return true;
}

async function apply(options: AccountOptions, sender: Sender, { at, change }: AccountRecord): Promise<void> {
  const { accounts } = options;
  const { home, portfolio } = sender;
  switch (change.type) {
    case 'messaging_limit':
      if (portfolio && portfolio.messaging_limit !== change.limit)
        await accounts.change('portfolio', portfolio.id, { messaging_limit: change.limit });
      return;
    case 'throughput':
      if (sender.throughput !== change.per_second)
        await accounts.change('sender', sender.id, { throughput: change.per_second });
      return;
    case 'account_held':
      return hold(options, home, {
        field: holdFields.portfolio,
        code: change.code,
        untilMs: change.until ?? at + PERSON_MS,
        saidMs: at,
      });
    case 'account_freed':
      return hold(options, home, { field: holdFields.portfolio, code: '', untilMs: undefined, saidMs: at });
    case 'template_held':
      return hold(options, home, {
        field: templateOf(change),
        code: change.code,
        untilMs: at + PERSON_MS,
        saidMs: at,
      });
    case 'template_freed':
      return hold(options, home, { field: templateOf(change), code: '', untilMs: undefined, saidMs: at });
  }
}

/** What is known of the template follows. */
async function noteTemplate(
  { templates }: AccountOptions,
  { home, account_id }: Sender,
  { account: told, change }: AccountRecord,
): Promise<void> {
  const account = account_id ?? told;
  const template = templateStatusOf(change);
  if (account === undefined || !template) return;
  await templates.status({ home, account }, template);
}

const templateOf = ({ name, language }: { name: string; language: string }): string =>
  holdFields.template(name, language);

/** A lane that sleeps until the hold's old end looks again now. */
async function hold(
  { redis, namespace, accounts, lanes, tickets }: AccountOptions,
  home: string,
  said: Omit<SaidHold, 'home'>,
): Promise<void> {
  if (!(await sayHold(redis, namespace, { home, ...said }))) return;
  const senders = accounts.sendersOf(home).map(({ id }) => id);
  for (const { sender, n } of await lanes.wake(home, senders)) await tickets.add({ home, sender, n }, 0);
}
