// Operations of routes/jobs.ts, routes/control.ts and routes/events.ts.
import { z } from 'zod';
import {
  canceledSchema,
  controlledSchema,
  itemsSchema,
  jobsSchema,
  leftOutSchema,
  manyControlledSchema,
  pageOf,
  retriedSchema,
} from '../../contract/answer.ts';
import {
  CONTROL_ACTIONS,
  jobPatchSchema,
  jobRetrySchema,
  jobsControlSchema,
} from '../../contract/control.ts';
import { jobSchema } from '../../contract/job.ts';
import { pageQuery } from '../query.ts';
import { itemsQuery, jobsQuery } from '../routes/jobs.ts';
import { ITEM, JOB, page } from './examples.ts';
import {
  IF_NONE_MATCH,
  json,
  NOT_MODIFIED,
  type Operation,
  type Operations,
  ok,
  withTag,
} from './operation.ts';

const tag = 'Jobs';
const nothing = z.strictObject({});

const CSV = `index,to,reference,status,attempts,provider_id,error_code,error_message,updated_at\r\n0,+16505551234,row-1,accepted,1,wamid.A,,,2026-12-01T09:00:01.500Z\r\n`;

const SUMMARIES = {
  pause: 'Sends no more of a job until it is resumed',
  resume: 'Sends on',
  cancel: 'Ends a job: what has not left does not leave',
};

const control = (action: (typeof CONTROL_ACTIONS)[number]): Operation => ({
  id: `${action}Job`,
  tag,
  summary: SUMMARIES[action],
  description: 'May be sent again. Binds every process within a second.',
  scope: 'jobs:write',
  body: { optional: true, content: json(nothing, {}) },
  answers: {
    200:
      action === 'cancel'
        ? ok('How many had already left.', canceledSchema, {
            job: { ...JOB, status: 'canceling' },
            left: 297,
          })
        : ok('The job as it is now.', controlledSchema, { job: JOB }),
  },
  problems: ['conflict'],
});

export const jobOperations: Operations = {
  'GET /v1/jobs': {
    id: 'listJobs',
    tag,
    summary: 'Jobs, newest first',
    scope: 'jobs:read',
    query: jobsQuery,
    answers: { 200: ok('One page.', jobsSchema, page(JOB)) },
  },
  'GET /v1/jobs/:id': {
    id: 'getJob',
    tag,
    summary: 'One job as it is now',
    description: 'Costs the same for 10 and for 1,000,000 recipients.',
    scope: 'jobs:read',
    headers: IF_NONE_MATCH,
    answers: { 200: withTag(ok('The job.', jobSchema, JOB)), 304: NOT_MODIFIED },
  },
  'PATCH /v1/jobs/:id': {
    id: 'changeJob',
    tag,
    summary: 'Changes when and in what order a job goes',
    scope: 'jobs:write',
    body: { content: json(jobPatchSchema, { send_at: '2026-12-01T09:00:00Z', spread: '30m' }) },
    answers: { 200: withTag(ok('The job as it is now.', jobSchema, JOB)) },
    problems: ['conflict'],
  },
  'GET /v1/jobs/:id/items': {
    id: 'listItems',
    tag,
    summary: 'Recipients of a job with their status, by index',
    scope: 'jobs:read',
    query: itemsQuery,
    description: 'As text/csv or application/x-ndjson the list is whole, and is sent as fast as you read it.',
    answers: {
      200: {
        description: 'One page, or the whole list.',
        content: {
          ...json(itemsSchema, page(ITEM)),
          'text/csv': { schema: z.string(), example: CSV },
          'application/x-ndjson': { schema: z.string(), example: `${JSON.stringify(ITEM)}\n` },
        },
      },
    },
  },
  'GET /v1/jobs/:id/rejected': {
    id: 'listRejected',
    tag,
    summary: 'Rows of a job that never became items, and why, by index',
    scope: 'jobs:read',
    query: pageQuery,
    answers: {
      200: ok(
        'One page.',
        pageOf(leftOutSchema).meta({ id: 'LeftOuts' }),
        page({
          index: 7,
          code: 'invalid_recipient',
          message: 'to must be a phone number',
          of: null,
          line: 9,
        }),
      ),
    },
  },
  'GET /v1/jobs/:id/events': {
    id: 'followJob',
    tag,
    summary: 'The job as it changes, as server-sent events, until it has ended',
    description: 'Each `progress` event holds the whole job; `end` is the last.',
    scope: 'jobs:read',
    headers: {
      'last-event-id': { description: 'The id of the last event that you have.', schema: { type: 'string' } },
    },
    answers: {
      200: { description: 'Events.', content: { 'text/event-stream': { schema: z.string() } } },
      204: { description: 'It has ended, and you have seen the end.' },
    },
  },
  ...Object.fromEntries(
    CONTROL_ACTIONS.map((action) => [`POST /v1/jobs/:id/${action}`, control(action)] as const),
  ),
  'POST /v1/jobs/:id/retry': {
    id: 'retryJob',
    tag,
    summary: 'Tries again what failed, and on request what nobody has heard of',
    description: 'May be sent again. Also of a job that has ended.',
    scope: 'jobs:write',
    body: { optional: true, content: json(jobRetrySchema, { include: ['failed', 'unknown'] }) },
    answers: {
      200: ok('How many are tried again.', retriedSchema, {
        job: JOB,
        retried: 4,
        remaining: 0,
        unreadable: 0,
      }),
    },
    problems: ['conflict', 'backlog_full'],
  },
  'POST /v1/jobs/control': {
    id: 'controlJobs',
    tag,
    summary: 'Pauses, resumes or cancels the jobs that fit a filter, at most 1,000 in one call',
    scope: 'jobs:write',
    body: { content: json(jobsControlSchema, { action: 'pause', filter: { sender: 's1' } }) },
    answers: {
      200: ok('What was done.', manyControlledSchema, { matched: 3, changed: 2, left: 0, has_more: false }),
    },
  },
};
