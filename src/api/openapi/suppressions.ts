// Operations of routes/suppressions.ts.
import { pageOf } from '../../contract/answer.ts';
import {
  suppressionRemovalSchema,
  suppressionRequestSchema,
  suppressionSchema,
  suppressionsAddedSchema,
  suppressionsRemovedSchema,
} from '../../contract/suppression.ts';
import { pageQuery } from '../query.ts';
import { page } from './examples.ts';
import { json, type Operations, ok } from './operation.ts';

const tag = 'Suppressions';
const ID = 'sup_0aB1cD2eF3gH4iJ5';
const SUPPRESSION = {
  id: ID,
  reason: 'asked by mail',
  source: 'api',
  categories: ['marketing'],
  created_at: '2026-12-01T09:00:00.000Z',
};

export const suppressionOperations: Operations = {
  'GET /v1/suppressions': {
    id: 'listSuppressions',
    tag,
    summary: 'Opt-outs, newest first',
    description: 'A person is named by a keyed hash; the number is not kept.',
    scope: 'contacts:read',
    query: pageQuery,
    answers: {
      200: ok('One page.', pageOf(suppressionSchema).meta({ id: 'Suppressions' }), page(SUPPRESSION)),
    },
  },
  'POST /v1/suppressions': {
    id: 'addSuppressions',
    tag,
    summary: 'Sends no more to one number or many',
    description:
      'Of some categories or, without `categories`, of all. May be sent again: categories add up, the first time stays.',
    scope: 'contacts:write',
    body: {
      content: json(suppressionRequestSchema, {
        to: ['+16505551234'],
        reason: 'asked by mail',
        categories: ['marketing'],
      }),
    },
    answers: {
      200: ok('Who is on the list now.', suppressionsAddedSchema, {
        created: 1,
        existing: 0,
        rejected_count: 0,
        data: [{ index: 0, id: ID, created: true }],
        rejected: [],
      }),
    },
    problems: ['unprocessable'],
  },
  'DELETE /v1/suppressions': {
    id: 'removeSuppressions',
    tag,
    summary: 'Takes opt-outs back, by number',
    scope: 'contacts:write',
    body: { content: json(suppressionRemovalSchema, { to: '+16505551234' }) },
    answers: {
      200: ok('How many were on the list.', suppressionsRemovedSchema, {
        removed: 1,
        rejected_count: 0,
        rejected: [],
      }),
    },
    problems: ['unprocessable'],
  },
  'GET /v1/suppressions/:id': {
    id: 'getSuppression',
    tag,
    summary: 'One opt-out',
    scope: 'contacts:read',
    answers: { 200: ok('The opt-out.', suppressionSchema, SUPPRESSION) },
  },
  'DELETE /v1/suppressions/:id': {
    id: 'removeSuppression',
    tag,
    summary: 'Takes one opt-out back',
    scope: 'contacts:write',
    answers: { 204: { description: 'It is gone.' } },
  },
};
