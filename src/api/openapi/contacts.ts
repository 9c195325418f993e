// Operations of routes/contacts.ts, and of the contacts in routes/messages.ts.
import { pageOf } from '../../contract/answer.ts';
import { contactSchema, contactsRequestSchema } from '../../contract/contact.ts';
import { contactsQuery } from '../query.ts';
import { page } from './examples.ts';
import { ACCEPT_PROBLEMS, accepted, IDEMPOTENCY_KEY } from './messages.ts';
import { json, type Operations, ok } from './operation.ts';

const tag = 'Contacts';
const CONTACT = {
  id: 'con_0a1b2c3d4e5f6a7b8c9d0e1f',
  number: '+16505551234',
  external_id: 'crm-17',
  name: 'Ana',
  email: 'ana@example.com',
  time_zone: 'America/Sao_Paulo',
  language: 'pt_BR',
  tags: ['vip'],
  attributes: { orders: 3 },
  created_at: '2026-12-01T09:00:00.000Z',
  updated_at: '2026-12-01T09:00:00.000Z',
};

export const contactOperations: Operations = {
  'POST /v1/contacts/bulk': {
    id: 'putContacts',
    tag,
    summary: 'One bulk job of up to 10,000 contacts',
    description:
      'Known again by external id, else by number. A field that is not given stays, null takes it away, `tags` replaces, `attributes` adds up.',
    scope: 'contacts:write',
    headers: IDEMPOTENCY_KEY,
    body: {
      content: json(contactsRequestSchema, {
        sender: 's1',
        contacts: [{ number: '+16505551234', external_id: 'crm-17', name: 'Ana', tags: ['vip'] }],
      }),
    },
    answers: { 202: accepted },
    problems: ACCEPT_PROBLEMS,
  },
  'GET /v1/contacts': {
    id: 'listContacts',
    tag,
    summary: 'Contacts, last changed first',
    scope: 'contacts:read',
    query: contactsQuery,
    answers: { 200: ok('One page.', pageOf(contactSchema).meta({ id: 'Contacts' }), page(CONTACT)) },
  },
  'GET /v1/contacts/:id': {
    id: 'getContact',
    tag,
    summary: 'One contact',
    scope: 'contacts:read',
    answers: { 200: ok('The contact.', contactSchema, CONTACT) },
  },
  'DELETE /v1/contacts/:id': {
    id: 'forgetContact',
    tag,
    summary: 'Forgets a contact',
    description:
      'Items of earlier jobs show neither number nor reference nor message id any more, and what was still to be sent is suppressed. A suppression of the number stays: that is kept without the number.',
    scope: 'contacts:write',
    answers: { 204: { description: 'It is gone.' } },
  },
};
