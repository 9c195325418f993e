// GET /v1/contacts, GET and DELETE /v1/contacts/:id: what a workspace knows of its people. They come in as a job, by POST /v1/contacts/bulk.
import type { FastifyInstance } from 'fastify';
import { refused } from '../../base/failure.ts';
import type { Logger } from '../../base/logger.ts';
import type { Secret } from '../../base/secret.ts';
import { contactView } from '../../contacts/contact.ts';
import type { ContactPosition, Contacts } from '../../contacts/contacts.ts';
import { callerOf } from '../auth.ts';
import { createCursors } from '../cursor.ts';
import { contactsQuery, noQuery, parseQuery } from '../query.ts';

export interface ContactRoutesOptions {
  contacts: Contacts;
  secret: Secret;
  logger: Logger;
}

export function contactRoutes(
  app: FastifyInstance,
  { contacts, secret, logger }: ContactRoutesOptions,
): void {
  const read = { config: { scope: 'contacts:read' as const } };
  const write = { config: { scope: 'contacts:write' as const } };
  const cursors = createCursors<ContactPosition>(secret, 'contacts');

  app.get('/v1/contacts', read, async (request) => {
    const caller = callerOf(request);
    const { limit, cursor, tag, updated_after: updatedAfterMs } = parseQuery(contactsQuery, request.query);
    const bound = [caller.workspace, caller.environment, tag ?? '', String(updatedAfterMs ?? '')];
    const after = cursor === undefined ? undefined : cursors.read(bound, cursor);
    const { rows, next } = await contacts.page(caller, { tag, updatedAfterMs }, after, limit);
    return {
      data: rows.map(contactView),
      has_more: next !== undefined,
      next_cursor: next ? cursors.write(bound, next) : null,
    };
  });

  app.get<{ Params: { id: string } }>('/v1/contacts/:id', read, async (request) => {
    parseQuery(noQuery, request.query);
    const found = await contacts.one(callerOf(request), request.params.id);
    if (!found) throw noSuchContact();
    return contactView(found);
  });

  app.delete<{ Params: { id: string } }>('/v1/contacts/:id', write, async (request, reply) => {
    parseQuery(noQuery, request.query);
    const caller = callerOf(request);
    if (!(await contacts.forget(caller, request.params.id))) throw noSuchContact();
    logger.info('contact.forgotten', { workspace: caller.workspace });
    return reply.code(204).send();
  });
}

const noSuchContact = () => refused('not_found', 'There is no such contact.');
