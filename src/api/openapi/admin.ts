// Operations of routes/admin.ts and routes/admin-accounts.ts.
import { z } from 'zod';
import {
  keyOfSchema,
  keyPatchSchema,
  portfolioOfPatchSchema,
  portfolioOfSchema,
  senderOfPatchSchema,
  senderOfSchema,
  stopSchema,
  workspacePatchSchema,
  workspaceSchema,
} from '../../contract/account.ts';
import {
  adminKeySchema,
  adminNewKeySchema,
  adminPortfolioSchema,
  adminSenderSchema,
  adminWorkspaceSchema,
  auditEntrySchema,
  pageOf,
  stoppedSchema,
} from '../../contract/answer.ts';
import { pageQuery } from '../query.ts';
import { ofWorkspace } from '../routes/admin-accounts.ts';
import { page } from './examples.ts';
import { KEY, SHOWN } from './keys.ts';
import { json, type Operation, type Operations, ok } from './operation.ts';
import { LISTED, PORTFOLIO } from './senders.ts';

const tag = 'Admin';
const scope = 'admin';
const inAcme = { workspace: 'acme' };

interface Resource {
  one: string;
  view: z.ZodType;
  /** The answer that makes it, where that shows more. */
  made?: z.ZodType;
  example: object;
  madeExample?: object;
  create: [z.ZodType, object];
  patch: [z.ZodType, object];
}

/** List, one, create and change of one kind of account. */
function resource({ one, view, made, example, madeExample, create, patch }: Resource): Operations {
  const name = one[0]?.toUpperCase() + one.slice(1);
  const path = `/v1/admin/${one}s`;
  const common = { tag, scope } as const;
  return {
    [`GET ${path}`]: {
      ...common,
      id: `listAll${name}s`,
      summary: `All ${one}s by id`,
      query: ofWorkspace,
      answers: { 200: ok('One page.', pageOf(view), page(example)) },
    },
    [`GET ${path}/:id`]: {
      ...common,
      id: `getAny${name}`,
      summary: `One ${one}`,
      answers: { 200: ok(`The ${one}.`, view, example) },
    },
    [`POST ${path}`]: {
      ...common,
      id: `create${name}ForAny`,
      summary: `Makes a ${one}`,
      body: { content: json(...create) },
      answers: { 201: ok(`The ${one}.`, made ?? view, madeExample ?? example) },
      problems: ['conflict', 'unprocessable'],
    },
    [`PATCH ${path}/:id`]: {
      ...common,
      id: `changeAny${name}`,
      summary: `Changes a ${one}, or disables it`,
      body: { content: json(...patch) },
      answers: { 200: ok(`The ${one} as it is now.`, view, example) },
    },
  };
}

const stopping = (id: string, summary: string, stopped: boolean): Operation => ({
  id,
  tag,
  scope,
  summary,
  description:
    'Without a workspace: of everything. Every process knows within half a second; it outlives restarts.',
  body: { optional: true, content: json(stopSchema, inAcme) },
  answers: { 200: ok('So it is.', stoppedSchema, { ...inAcme, stopped }) },
  problems: ['not_found'],
});

export const adminOperations: Operations = {
  'GET /v1/admin/plans': {
    id: 'listPlans',
    tag,
    scope,
    summary: 'The plans that have a name',
    answers: { 200: ok('All of them.', z.object({ data: z.array(z.record(z.string(), z.unknown())) })) },
  },
  'POST /v1/admin/stop': stopping('stopSending', 'Stops all sending within a second', true),
  'POST /v1/admin/start': stopping('startSending', 'Lets what was stopped go on', false),
  'GET /v1/admin/audit': {
    id: 'listAudit',
    tag,
    scope,
    summary: 'Who changed what, newest first, 90 days back',
    query: pageQuery,
    answers: {
      200: ok(
        'One page.',
        pageOf(auditEntrySchema),
        page({
          id: '1796115600000-0',
          at: '2026-12-01T09:00:00.000Z',
          actor: 'acme_live',
          action: 'sender.changed',
          workspace: 'acme',
          subject: 's1',
          changes: { throughput: 200 },
        }),
      ),
    },
  },
  ...resource({
    one: 'workspace',
    view: adminWorkspaceSchema,
    example: { id: 'acme', plan: 'business', disabled: false, stopped: false },
    create: [workspaceSchema, { id: 'acme', plan: 'business' }],
    patch: [workspacePatchSchema, { plan: 'agency' }],
  }),
  ...resource({
    one: 'key',
    view: adminKeySchema,
    example: { ...inAcme, ...KEY },
    made: adminNewKeySchema,
    madeExample: { ...inAcme, ...KEY, ...SHOWN },
    create: [keyOfSchema, { ...inAcme, environment: 'live', scopes: ['*'] }],
    patch: [keyPatchSchema, { disabled: true }],
  }),
  'DELETE /v1/admin/keys/:id': {
    id: 'revokeAnyKey',
    tag,
    scope,
    summary: 'Revokes a key everywhere within seconds',
    answers: { 204: { description: 'It works no more.' } },
  },
  ...resource({
    one: 'portfolio',
    view: adminPortfolioSchema,
    example: { ...inAcme, ...PORTFOLIO, disabled: false },
    create: [portfolioOfSchema, { ...inAcme, id: 'acme_bm', messaging_limit: 2_000 }],
    patch: [portfolioOfPatchSchema, { messaging_limit: 10_000 }],
  }),
  ...resource({
    one: 'sender',
    view: adminSenderSchema,
    example: { ...inAcme, ...LISTED },
    create: [
      senderOfSchema,
      { ...inAcme, id: 's1', platform: 'meta', external_id: '106540352242922', access_token: '…' },
    ],
    patch: [senderOfPatchSchema, { throughput: 200 }],
  }),
};
