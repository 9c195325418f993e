// Operations of routes/webhooks.ts.
import { pageOf } from '../../contract/answer.ts';
import {
  deliverySchema,
  webhookCreateSchema,
  webhookMadeSchema,
  webhookPatchSchema,
  webhookReplayedSchema,
  webhookReplaySchema,
  webhookRotateSchema,
  webhookTestedSchema,
  webhookViewSchema,
} from '../../contract/webhook.ts';
import { pageQuery } from '../query.ts';
import { page } from './examples.ts';
import { IF_MATCH, IF_NONE_MATCH, json, NOT_MODIFIED, type Operations, ok, withTag } from './operation.ts';

const tag = 'Webhooks';
const scope = 'webhooks:admin';
const WEBHOOK = {
  id: 'whk_0123456789abcdef012345',
  url: 'https://example.com/hook',
  events: ['job.*', 'message.failed'],
  description: 'orders',
  environment: 'live',
  enabled: true,
  disabled_reason: null,
  disabled_at: null,
  created_at: '2026-12-01T09:00:00.000Z',
  source: 'api',
};
const MADE = { ...WEBHOOK, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=' };
const EVENT = 'evt_0aB1cD2eF3gH4iJ5kL6mN7';
const DELIVERY = {
  id: EVENT,
  type: 'message.batch',
  events: 60,
  attempt: 1,
  at: '2026-12-01T09:00:02.000Z',
  duration_ms: 41,
  status: 204,
  error: null,
  next_attempt_at: null,
};

export const webhookOperations: Operations = {
  'GET /v1/webhooks': {
    id: 'listWebhooks',
    tag,
    summary: 'Endpoints by id',
    scope,
    query: pageQuery,
    answers: { 200: ok('One page.', pageOf(webhookViewSchema).meta({ id: 'Webhooks' }), page(WEBHOOK)) },
  },
  'POST /v1/webhooks': {
    id: 'createWebhook',
    tag,
    summary: 'Adds an endpoint',
    description:
      'Posts are signed as Standard Webhooks says. https only, never to addresses that are not of the public internet.',
    scope,
    body: {
      content: json(webhookCreateSchema, {
        url: WEBHOOK.url,
        events: WEBHOOK.events,
        description: WEBHOOK.description,
      }),
    },
    answers: {
      201: {
        ...ok('The endpoint and, this once, its secret.', webhookMadeSchema, MADE),
        headers: { location: { description: 'Where it is.', schema: { type: 'string' } } },
      },
    },
    problems: ['conflict'],
  },
  'GET /v1/webhooks/:id': {
    id: 'getWebhook',
    tag,
    summary: 'One endpoint',
    scope,
    headers: IF_NONE_MATCH,
    answers: { 200: withTag(ok('The endpoint.', webhookViewSchema, WEBHOOK)), 304: NOT_MODIFIED },
  },
  'PATCH /v1/webhooks/:id': {
    id: 'changeWebhook',
    tag,
    summary: 'Changes an endpoint',
    description: 'Enabled again, it gets all that has waited.',
    scope,
    headers: IF_MATCH,
    body: { content: json(webhookPatchSchema, { enabled: true }) },
    answers: { 200: withTag(ok('The endpoint as it is now.', webhookViewSchema, WEBHOOK)) },
    problems: ['conflict', 'precondition_failed'],
  },
  'DELETE /v1/webhooks/:id': {
    id: 'removeWebhook',
    tag,
    summary: 'Takes an endpoint away, with what waits for it',
    scope,
    answers: { 204: { description: 'It is gone.' } },
    problems: ['conflict'],
  },
  'POST /v1/webhooks/:id/rotate': {
    id: 'rotateWebhook',
    tag,
    summary: 'Makes a new secret',
    description: 'For `overlap`, 24 hours by default, the old one signs beside it.',
    scope,
    body: { optional: true, content: json(webhookRotateSchema, { overlap: '24h' }) },
    answers: { 200: ok('The endpoint and, this once, its new secret.', webhookMadeSchema, MADE) },
  },
  'POST /v1/webhooks/:id/test': {
    id: 'testWebhook',
    tag,
    summary: 'Sends a webhook.test',
    scope,
    answers: { 202: ok('The event that is on its way.', webhookTestedSchema, { id: EVENT }) },
    problems: ['conflict'],
  },
  'POST /v1/webhooks/:id/replay': {
    id: 'replayWebhook',
    tag,
    summary: 'Sends again: one delivery, or all of a time range',
    description: 'Under the same ids. At most 10,000 at once.',
    scope,
    body: {
      content: json(webhookReplaySchema, { from: '2026-12-01T09:00:00Z', to: '2026-12-01T10:00:00Z' }),
    },
    answers: { 202: ok('How many go again.', webhookReplayedSchema, { count: 12, until: null }) },
    problems: ['conflict'],
  },
  'GET /v1/webhooks/:id/deliveries': {
    id: 'listDeliveries',
    tag,
    summary: 'The last 1,000 tries, newest first',
    scope,
    query: pageQuery,
    answers: { 200: ok('One page.', pageOf(deliverySchema).meta({ id: 'Deliveries' }), page(DELIVERY)) },
  },
};
