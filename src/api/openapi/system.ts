// Operations of routes/system.ts, routes/hooks.ts and routes/openapi.ts: what is open to everybody.
import { z } from 'zod';
import { type Operations, ok } from './operation.ts';

const tag = 'System';
const readiness = z
  .object({ status: z.enum(['ready', 'not_ready']), checks: z.record(z.string(), z.boolean()) })
  .meta({ id: 'Readiness' });
const checks = { redis: true, log: true };

export const systemOperations: Operations = {
  'GET /': {
    id: 'getRoot',
    tag,
    summary: 'What this is, and where to look',
    answers: {
      200: ok('Links.', z.object({ name: z.string(), links: z.record(z.string(), z.string()) }), {
        name: 'sluice',
        links: { jobs: '/v1/jobs' },
      }),
    },
  },
  'GET /healthz': {
    id: 'getHealth',
    tag,
    summary: 'Whether this process lives',
    answers: {
      200: ok('It does.', z.object({ status: z.literal('ok') }), { status: 'ok' }),
      503: ok('A part of it stands still.', z.object({ status: z.literal('stuck') }), { status: 'stuck' }),
    },
  },
  'GET /readyz': {
    id: 'getReadiness',
    tag,
    summary: 'Whether what this process needs answers',
    answers: {
      200: ok('All of it does.', readiness, { status: 'ready', checks }),
      503: ok('Something does not.', readiness, { status: 'not_ready', checks: { ...checks, redis: false } }),
    },
  },
  'GET /metrics': {
    id: 'getMetrics',
    tag,
    summary: 'Metrics as Prometheus reads them',
    answers: { 200: { description: 'Metrics.', content: { 'text/plain': { schema: z.string() } } } },
  },
  'GET /openapi.json': {
    id: 'getOpenApi',
    tag,
    summary: 'This description, OpenAPI 3.1',
    answers: { 200: ok('The description.', z.record(z.string(), z.unknown())) },
  },
  'GET /docs': {
    id: 'getDocs',
    tag,
    summary: 'This description as a page',
    answers: { 200: { description: 'The page.', content: { 'text/html': { schema: z.string() } } } },
  },
  'GET /hooks/:platform/:sender': {
    id: 'proveHook',
    tag: 'Platforms',
    summary: 'The handshake of a platform',
    description:
      'Without an API key: the token is the proof. Meta: hub.mode, hub.verify_token, hub.challenge.',
    query: z.object({
      'hub.mode': z.string().optional(),
      'hub.verify_token': z.string().optional(),
      'hub.challenge': z.string().optional(),
    }),
    answers: { 200: { description: 'The challenge.', content: { 'text/plain': { schema: z.string() } } } },
    problems: ['forbidden'],
  },
  'POST /hooks/:platform/:sender': {
    id: 'takeHook',
    tag: 'Platforms',
    summary: 'What a platform says by itself: receipts, messages of people, changes of accounts',
    description:
      'Without an API key: the signature over the raw bytes is the proof. 200 once the log has it.',
    headers: {
      'x-hub-signature-256': { description: 'Meta: HMAC of the body.', schema: { type: 'string' } },
    },
    body: { content: { 'application/json': { schema: z.record(z.string(), z.unknown()) } } },
    answers: { 200: ok('Stored.', z.object({ received: z.literal(true) }), { received: true }) },
    problems: ['forbidden'],
  },
};
