// Operations of routes/templates.ts.
import { acceptedSchema, pageOf } from '../../contract/answer.ts';
import { templateRequestSchema, templateViewSchema } from '../../contract/template.ts';
import { templatesQuery } from '../routes/templates.ts';
import { page } from './examples.ts';
import { ACCEPT_PROBLEMS, accepted, IDEMPOTENCY_KEY } from './messages.ts';
import { json, type Operations, ok } from './operation.ts';

const tag = 'Templates';
const TEMPLATE = {
  id: '70000000000001',
  name: 'order_ready',
  language: 'en_US',
  category: 'utility',
  status: 'PENDING',
  variables: ['1', '2'],
};

export const templateOperations: Operations = {
  'POST /v1/templates': {
    id: 'submitTemplate',
    tag,
    summary: 'Submits one template to the platform',
    description:
      'A job of one: it goes as soon as the account may submit (100 in any hour). Its item has the platform’s id, or its error. A template that ' +
      'the account has already with the same text counts as submitted.',
    scope: 'templates:write',
    headers: IDEMPOTENCY_KEY,
    body: {
      content: json(templateRequestSchema, {
        sender: 's1',
        name: 'order_ready',
        language: 'en_US',
        category: 'utility',
        components: [{ type: 'BODY', text: 'Hello {{1}}, your order {{2}} is ready.' }],
      }),
    },
    answers: { 202: { ...accepted, content: json(acceptedSchema) } },
    problems: ACCEPT_PROBLEMS,
  },
  'GET /v1/templates': {
    id: 'listTemplates',
    tag,
    summary: 'Templates of a sender’s account, by name',
    description: 'As the platform told within the last hour, and what was submitted or changed since.',
    scope: 'templates:read',
    query: templatesQuery,
    answers: { 200: ok('One page.', pageOf(templateViewSchema).meta({ id: 'Templates' }), page(TEMPLATE)) },
    problems: ['unprocessable'],
  },
};
