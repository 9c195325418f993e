// A template for its account. The platform refuses what it has already: the same text means that an earlier try was taken.
import { hasAccount, type SenderWithAccount } from '../../src/accounts/port.ts';
import { type NewTemplate, newTemplateSchema } from '../../src/contract/template.ts';
import { submissionLimit } from '../../src/pacing/limits.ts';
import { bodyTextOf } from '../../src/platforms/meta/management.ts';
import { placeholdersIn } from '../../src/platforms/meta/payload.ts';
import type { Made } from '../../src/platforms/port.ts';
import type { SubmitOptions } from './options.ts';
import { CONTENT_MISSING, fieldOf } from './row.ts';
import type { TaskOf } from './task.ts';

export const templateTask: TaskOf = async (options, seal, sender) => {
  if (!hasAccount(sender))
    return { code: 'no_account', message: 'the sender has no account_id any more', repeat: false };
  const row = await fieldOf(options, seal, 'template');
  if (row === undefined) return CONTENT_MISSING;
  const template = newTemplateSchema.parse(row);
  const { name, language, components } = template;
  return {
    limit: submissionLimit('templates', sender),
    call: (mayWrite) => create(options, sender, template, mayWrite),
    about: { name, language },
    made: 'template.submitted',
    failed: 'template.failed',
    keep: async ({ id, status, category: told }) => {
      const category = (told ?? template.category).toLowerCase();
      const variables = placeholdersIn(bodyTextOf(components));
      const owner = { home: sender.home, account: sender.account_id };
      await options.templates.put(owner, { id, name, language, category, status, variables });
      return { status, category };
    },
  };
};

async function create(
  { management }: SubmitOptions,
  account: SenderWithAccount,
  template: NewTemplate,
  mayWrite: () => boolean,
): Promise<Made> {
  const made = await management.createTemplate(account, template, mayWrite);
  if (made.outcome !== 'failed' || !made.exists) return made;
  const { name, language, components } = template;
  const body = bodyTextOf(components);
  const list = await management.listTemplates(account, name);
  const one = list?.find(
    (other) => other.name === name && other.language === language && other.body === body,
  );
  if (!one?.id) return made;
  return { outcome: 'made', id: one.id, status: one.status, category: one.category };
}
