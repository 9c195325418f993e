// Operations of routes/senders.ts and routes/portfolios.ts.

import { portfolioPatchSchema, senderPatchSchema } from '../../contract/account.ts';
import {
  limitUsesSchema,
  oneSenderSchema,
  pageOf,
  portfoliosSchema,
  portfolioViewSchema,
  senderViewSchema,
} from '../../contract/answer.ts';
import { pageQuery } from '../query.ts';
import { page } from './examples.ts';
import { IF_MATCH, IF_NONE_MATCH, json, NOT_MODIFIED, type Operations, ok, withTag } from './operation.ts';

const tag = 'Senders';

export const LISTED = {
  id: 's1',
  platform: 'meta',
  environment: 'live',
  portfolio: 'acme_bm',
  external_id: '106540352242922',
  throughput: 80,
  arrival_bound: null,
  limits: [{ name: 'minute', count: 100, per: '1m', pace: 'even' }],
  paused: false,
  disabled: false,
};
const SENDER = { ...LISTED, hold: null };
export const PORTFOLIO = {
  id: 'acme_bm',
  environment: 'live',
  messaging_limit: 2_000,
  limits: [],
  senders: ['s1'],
};

export const senderOperations: Operations = {
  'GET /v1/senders': {
    id: 'listSenders',
    tag,
    summary: 'Senders by id',
    scope: 'senders:read',
    query: pageQuery,
    answers: { 200: ok('One page.', pageOf(senderViewSchema).meta({ id: 'Senders' }), page(LISTED)) },
  },
  'GET /v1/senders/:id': {
    id: 'getSender',
    tag,
    summary: 'One sender, and what holds its messages',
    scope: 'senders:read',
    headers: IF_NONE_MATCH,
    answers: { 200: withTag(ok('The sender.', oneSenderSchema, SENDER)), 304: NOT_MODIFIED },
  },
  'PATCH /v1/senders/:id': {
    id: 'changeSender',
    tag,
    summary: 'Changes a sender',
    description: 'Binds every waiting message within a second. What was counted stays counted.',
    scope: 'senders:write',
    headers: IF_MATCH,
    body: { content: json(senderPatchSchema, { throughput: 200 }) },
    answers: {
      200: withTag(ok('The sender as it is now.', oneSenderSchema, { ...SENDER, throughput: 200 })),
    },
    problems: ['precondition_failed'],
  },
  'GET /v1/senders/:id/limits': {
    id: 'getSenderLimits',
    tag,
    summary: 'Live use of every limit of a sender',
    scope: 'senders:read',
    answers: {
      200: ok('All its limits.', limitUsesSchema, {
        data: [
          {
            name: 'meta.throughput',
            scope: 's1',
            kind: 'rolling',
            count: 80,
            per: '1s',
            used: 80,
            free: 0,
            next_free: '2026-12-01T09:00:00.013Z',
            cap: null,
          },
        ],
      }),
    },
  },
  'GET /v1/portfolios': {
    id: 'listPortfolios',
    tag,
    summary: 'Portfolios by id',
    scope: 'senders:read',
    query: pageQuery,
    answers: { 200: ok('One page.', portfoliosSchema, page(PORTFOLIO)) },
  },
  'GET /v1/portfolios/:id': {
    id: 'getPortfolio',
    tag,
    summary: 'One portfolio',
    scope: 'senders:read',
    headers: IF_NONE_MATCH,
    answers: { 200: withTag(ok('The portfolio.', portfolioViewSchema, PORTFOLIO)), 304: NOT_MODIFIED },
  },
  'PATCH /v1/portfolios/:id': {
    id: 'changePortfolio',
    tag,
    summary: 'Changes what all senders of a portfolio share',
    scope: 'senders:write',
    headers: IF_MATCH,
    body: { content: json(portfolioPatchSchema, { messaging_limit: 10_000 }) },
    answers: {
      200: withTag(
        ok('The portfolio as it is now.', portfolioViewSchema, { ...PORTFOLIO, messaging_limit: 10_000 }),
      ),
    },
    problems: ['precondition_failed'],
  },
};
