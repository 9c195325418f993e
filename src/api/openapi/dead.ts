// Operations of routes/dead.ts.
import { z } from 'zod';
import { deadLetterSchema } from '../../contract/dead.ts';
import { pageQuery } from '../query.ts';
import { type Operations, ok } from './operation.ts';

const tag = 'Admin';
const letter = {
  position: '0:17',
  at: '2026-12-01T09:00:00.000Z',
  topic: 'jobs',
  key: 'job_1',
  reason: 'the record is not JSON',
  bytes: 12,
  headers: { type: 'chunk' },
  replayable: true,
};
const params = { position: 'Where the record stands, as the list says.' };

export const deadOperations: Operations = {
  'GET /v1/admin/dead': {
    id: 'listDeadLetters',
    tag,
    summary: 'Records of the log that nobody could read, newest first',
    scope: 'admin',
    query: pageQuery,
    answers: {
      200: ok(
        'A page of them.',
        z.object({
          data: z.array(deadLetterSchema),
          has_more: z.boolean(),
          next_cursor: z.string().nullable(),
        }),
        { data: [letter], has_more: false, next_cursor: null },
      ),
    },
  },
  'GET /v1/admin/dead/:position': {
    id: 'getDeadLetter',
    tag,
    summary: 'One such record with what it says',
    description: 'It may hold what a message says and to whom.',
    scope: 'admin',
    params,
    answers: {
      200: ok('The record.', deadLetterSchema.extend({ value: z.string() }), { ...letter, value: '{"v":1' }),
    },
  },
  'POST /v1/admin/dead/:position/replay': {
    id: 'replayDeadLetter',
    tag,
    summary: 'Puts a record into its topic again',
    description: 'For when a later release can read it. It stays listed, and may be replayed again.',
    scope: 'admin',
    params,
    answers: { 200: ok('It is there again.', deadLetterSchema, letter) },
    problems: ['unprocessable'],
  },
};
