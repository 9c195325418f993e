// POST and GET /v1/templates: one template is submitted to the platform as a job; what the account of a sender has is listed.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { senderOf, unknownSender } from '../../accept/envelope.ts';
import { withoutAccount } from '../../accept/submitted.ts';
import { type Accounts, hasAccount, type Principal, type SenderWithAccount } from '../../accounts/port.ts';
import { unavailable } from '../../base/failure.ts';
import type { Secret } from '../../base/secret.ts';
import { type Template, templateName } from '../../contract/template.ts';
import type { Catalogs } from '../../templates/catalog.ts';
import { callerOf } from '../auth.ts';
import { createCursors } from '../cursor.ts';
import { pageFields, parseQuery } from '../query.ts';
import { accepts, type MessageRoutesOptions } from './messages.ts';

export interface TemplateRoutesOptions extends MessageRoutesOptions {
  accounts: Pick<Accounts, 'sender'>;
  catalogs: Pick<Catalogs<SenderWithAccount>, 'list'>;
  secret: Secret;
}

export const templatesQuery = z.strictObject({
  ...pageFields,
  sender: z.string().min(1).max(64).meta({ description: 'Whose account.' }),
  name: z.string().min(1).max(512).optional(),
});

export function templateRoutes(app: FastifyInstance, options: TemplateRoutesOptions): void {
  const cursors = createCursors<string>(options.secret, 'templates');
  const write = { config: { scope: 'templates:write' as const } };
  app.post(
    '/v1/templates',
    write,
    accepts((one) => options.accept.template(one), options.ledger),
  );

  app.get('/v1/templates', { config: { scope: 'templates:read' as const } }, async (request) => {
    const { limit, cursor, sender: id, name } = parseQuery(templatesQuery, request.query);
    const sender = accountOf(options.accounts, callerOf(request), id);
    const bound = [sender.home, sender.id, name ?? ''];
    const after = cursor === undefined ? '' : cursors.read(bound, cursor);
    const known = await options.catalogs.list(sender);
    if (!known) throw unavailable('The platform has not told yet which templates there are.');
    const rows = known.templates
      .filter((one) => name === undefined || one.name === name)
      .sort((a, b) => (templateName(a) < templateName(b) ? -1 : 1))
      .filter((one) => templateName(one) > after);
    const data = rows.slice(0, limit).map(templateView);
    const last = data.at(-1);
    return {
      data,
      has_more: rows.length > limit,
      next_cursor: rows.length > limit && last ? cursors.write(bound, templateName(last)) : null,
    };
  });
}

const templateView = ({ id, name, language, category, status, variables }: Template): Template => ({
  id,
  name,
  language,
  category,
  status,
  variables,
});

/** Throws `unprocessable` for a sender that the caller does not have, or whose account is not known. */
function accountOf(accounts: Pick<Accounts, 'sender'>, caller: Principal, id: string): SenderWithAccount {
  const sender = senderOf(accounts, caller, { sender: id });
  if (!sender) throw unknownSender();
  if (!hasAccount(sender)) throw withoutAccount();
  return sender;
}
