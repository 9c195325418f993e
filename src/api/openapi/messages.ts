// Operations of routes/messages.ts and routes/plan.ts.
import { z } from 'zod';
import { acceptedSchema, planSchema } from '../../contract/answer.ts';
import { bulkRequestSchema, oneRequestSchema, planRequestSchema } from '../../contract/request.ts';
import { streamQuerySchema } from '../../contract/stream.ts';
import { ACCEPTED, JOB } from './examples.ts';
import { type Answer, type Header, json, type Operations, ok } from './operation.ts';

export const IDEMPOTENCY_KEY: Readonly<Record<string, Header>> = {
  'idempotency-key': {
    description:
      'One key, one body, one job: the same request again gives the same job and sends nothing. May stand in the body as idempotency_key.',
    schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' },
  },
};

const JOB_AT = { id: '$response.body#/job/id' };

export const accepted: Answer = {
  links: {
    getJob: JOB_AT,
    listItems: JOB_AT,
    pauseJob: JOB_AT,
    resumeJob: JOB_AT,
    changeJob: JOB_AT,
    cancelJob: JOB_AT,
  },
  ...ok('The log has the job.', acceptedSchema, ACCEPTED),
  headers: {
    location: { description: 'Where the job is read.', schema: { type: 'string' } },
    'idempotency-replayed': {
      description: 'The key was used before with this body: this is its job, and nothing was queued.',
      schema: { type: 'string', enum: ['true'] },
    },
  },
};

export const ACCEPT_PROBLEMS = [
  'conflict',
  'idempotency_in_progress',
  'idempotency_mismatch',
  'unprocessable',
  'backlog_full',
] as const;

const BULK = {
  sender: 's1',
  template: { name: 'order_ready', language: 'en_US' },
  messages: [
    { to: '+16505551234', variables: ['Ana', 'A-17'], reference: 'row-1' },
    { to: '+16505551235', variables: ['Ben', 'A-18'] },
  ],
  spread: '10m',
};

export const messageOperations: Operations = {
  'POST /v1/messages/bulk': {
    id: 'sendBulk',
    tag: 'Messages',
    summary: 'One bulk job of up to 10,000 messages',
    description:
      'At most 5 MiB. Answers once the log has every message; they go as the limits of the sender allow.',
    scope: 'messages:write',
    headers: IDEMPOTENCY_KEY,
    body: { content: json(bulkRequestSchema, BULK) },
    answers: { 202: accepted },
    problems: [
      'conflict',
      'idempotency_in_progress',
      'idempotency_mismatch',
      'unprocessable',
      'backlog_full',
    ],
  },
  'POST /v1/messages': {
    id: 'sendOne',
    tag: 'Messages',
    summary: 'One message, ahead of bulk jobs',
    scope: 'messages:write',
    headers: IDEMPOTENCY_KEY,
    body: {
      content: json(oneRequestSchema, {
        sender: 's1',
        to: '+16505551234',
        text: { body: 'Your order is ready.' },
      }),
    },
    answers: {
      202: { ...accepted, content: json(acceptedSchema, { job: JOB, rejected: [], duplicates: [] }) },
    },
    problems: [
      'conflict',
      'idempotency_in_progress',
      'idempotency_mismatch',
      'unprocessable',
      'backlog_full',
    ],
  },
  'POST /v1/jobs': {
    id: 'uploadJob',
    tag: 'Messages',
    summary: 'One job of up to 10,000,000 messages, as a stream of CSV or NDJSON',
    description:
      'The fields of the job stand in the query. Nothing is sent before the last line is in; the job can be seen, paused and canceled meanwhile. ' +
      'When the connection breaks, send the same body with the same key: it goes on. May be sent with gzip, deflate or br.',
    scope: 'messages:write',
    query: streamQuerySchema,
    headers: IDEMPOTENCY_KEY,
    body: {
      content: {
        'text/csv': { schema: z.string(), example: 'to,name,order,reference\n+16505551234,Ana,A-17,row-1\n' },
        'application/x-ndjson': {
          schema: z.string(),
          example: '{"to":"+16505551234","variables":["Ana","A-17"],"reference":"row-1"}\n',
        },
      },
    },
    answers: { 202: accepted },
    problems: ACCEPT_PROBLEMS,
  },
  'POST /v1/jobs/plan': {
    id: 'planBulk',
    tag: 'Messages',
    summary: 'What would become of a bulk job, with nothing kept and nothing sent',
    scope: 'messages:write',
    body: { content: json(planRequestSchema, { ...BULK, what_if: { throughput: 200 } }) },
    answers: {
      200: ok('Who would be rejected, and when the rest would go.', planSchema, {
        sender: 's1',
        total: 2,
        rejected_count: 0,
        duplicate_count: 0,
        suppressed_count: 0,
        rejected: [],
        duplicates: [],
        timeline: [
          {
            start: '2026-12-01T09:00:00.000Z',
            end: '2026-12-01T09:10:00.000Z',
            count: 2,
            limit: 'spread',
            scope: 'plan',
            message: 'The job is spread over time, and the turn of the next message has not come.',
          },
        ],
        finish_at: '2026-12-01T09:10:00.100Z',
        p90: '2026-12-01T09:10:00.200Z',
        expired: 0,
        what_if: null,
      }),
    },
    problems: ['unprocessable'],
  },
};
