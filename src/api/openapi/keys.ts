// Operations of routes/keys.ts.
import { newKeySchema, rotationSchema } from '../../contract/account.ts';
import { keySchema, newKeyViewSchema, pageOf } from '../../contract/answer.ts';
import { pageQuery } from '../query.ts';
import { page } from './examples.ts';
import { json, type Operations, ok } from './operation.ts';

const tag = 'Keys';
const scope = 'keys:admin';
export const KEY = {
  id: 'key_0123456789abcdef',
  name: 'shop',
  environment: 'live',
  scopes: ['messages:write', 'jobs:read'],
  created_at: '2026-12-01T09:00:00.000Z',
  expires_at: null,
  from_file: false,
  revoked: false,
};
export const SHOWN = { secret: `sk_live_0123456789abcdef_${'0'.repeat(48)}01234567` };
const made = { ...KEY, ...SHOWN };

export const keyOperations: Operations = {
  'GET /v1/keys': {
    id: 'listKeys',
    tag,
    scope,
    summary: 'API keys of the same workspace and environment',
    query: pageQuery,
    answers: { 200: ok('One page.', pageOf(keySchema).meta({ id: 'Keys' }), page(KEY)) },
  },
  'GET /v1/keys/:id': {
    id: 'getKey',
    tag,
    scope,
    summary: 'One API key',
    answers: { 200: ok('The key.', keySchema, KEY) },
  },
  'POST /v1/keys': {
    id: 'createKey',
    tag,
    scope,
    summary: 'Makes an API key',
    description: 'Its secret is in this answer and never again. A key gives only scopes that it has itself.',
    body: { content: json(newKeySchema, { name: 'shop', scopes: ['messages:write', 'jobs:read'] }) },
    answers: { 201: ok('The key and its secret.', newKeyViewSchema, made) },
    problems: ['conflict'],
  },
  'POST /v1/keys/:id/rotate': {
    id: 'rotateKey',
    tag,
    scope,
    summary: 'Makes another key like this one, which goes on working for `overlap`',
    body: { content: json(rotationSchema, { overlap: '24h' }) },
    answers: { 201: ok('The new key and its secret.', newKeyViewSchema, made) },
    problems: ['conflict'],
  },
  'DELETE /v1/keys/:id': {
    id: 'revokeKey',
    tag,
    scope,
    summary: 'Revokes an API key everywhere within seconds',
    answers: { 204: { description: 'It works no more.' } },
  },
};
