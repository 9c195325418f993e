// /v1/keys: the API keys of the caller's workspace and environment. A secret is shown once, in the answer that makes it.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { mintKey } from '../../accounts/minted-key.ts';
import type { Accounts, Key, Owner, Principal } from '../../accounts/port.ts';
import type { AccountsRegistry } from '../../accounts/registry.ts';
import type { Clock } from '../../base/clock.ts';
import { refused } from '../../base/failure.ts';
import { type Secret, sha256Hex } from '../../base/secret.ts';
import { newKeySchema, rotationSchema } from '../../contract/account.ts';
import { isoTime } from '../../contract/time.ts';
import { noteSubject } from '../audit.ts';
import { callerOf } from '../auth.ts';
import { createCursors } from '../cursor.ts';
import { jsonBody } from '../json-body.ts';
import { pageAfter } from '../page.ts';
import { noQuery, pageQuery, parseQuery } from '../query.ts';

export interface KeyRoutesOptions {
  accounts: Accounts & Pick<AccountsRegistry, 'change' | 'create' | 'mark' | 'remove'>;
  secret: Secret;
  clock: Clock;
  config: { stagingHosts?: readonly string[] };
}

/** Keys of one workspace, with those that have expired. */
const KEYS_MAX = 1_000;

export function keyRoutes(app: FastifyInstance, options: KeyRoutesOptions): void {
  const { accounts, secret, clock } = options;
  const scope = 'keys:admin' as const;
  const cursors = createCursors<string>(secret, 'keys');

  app.get('/v1/keys', { config: { scope } }, (request) => {
    const caller = callerOf(request);
    const query = parseQuery(pageQuery, request.query);
    const page = pageAfter(accounts.keys(caller), caller, query, cursors);
    return { ...page, data: page.data.map(keyView) };
  });

  app.get<{ Params: { id: string } }>('/v1/keys/:id', { config: { scope } }, (request) => {
    parseQuery(noQuery, request.query);
    return keyView(ownKey(accounts, request));
  });

  app.post('/v1/keys', { config: { scope } }, async (request, reply) => {
    const { value } = jsonBody(request, newKeySchema);
    parseQuery(noQuery, request.query);
    const caller = callerOf(request);
    if ((value.environment ?? caller.environment) !== caller.environment)
      throw refused('forbidden', `This API key makes keys of the environment ${caller.environment} only.`);
    checkGrant(caller, value.scopes);
    reply.code(201);
    const made = await makeKey(options, caller, value);
    noteSubject(request, caller.workspace, made.id);
    return made;
  });

  app.post<{ Params: { id: string } }>(
    '/v1/keys/:id/rotate',
    { config: { scope } },
    async (request, reply) => {
      const { value } = jsonBody(request, rotationSchema);
      parseQuery(noQuery, request.query);
      const old = ownKey(accounts, request);
      if (old.disabled) throw refused('conflict', 'This API key is revoked.');
      checkGrant(callerOf(request), old.scopes);
      const made = await makeKey(options, old, { ...old, expires_at: null });
      const until = clock.now() + value.overlap;
      // Never later than it would have expired anyway.
      await accounts.change('key', old.id, { expires_at: isoTime(Math.min(old.expires_at ?? until, until)) });
      reply.code(201);
      return made;
    },
  );

  app.delete<{ Params: { id: string } }>('/v1/keys/:id', { config: { scope } }, async (request, reply) => {
    parseQuery(noQuery, request.query);
    await revokeKey(accounts, ownKey(accounts, request));
    return reply.code(204).send();
  });
}

/** A key that stands in the accounts file stays known there, and does not work any more. */
export async function revokeKey(accounts: KeyRoutesOptions['accounts'], key: Key): Promise<void> {
  if (key.fromFile) await accounts.mark('key', key.id, { off: true });
  else await accounts.remove('key', key.id);
}

/** The new key with its secret. Throws `conflict` when the workspace has as many as it may. */
export async function makeKey(
  { accounts, clock }: KeyRoutesOptions,
  { workspace, environment }: Owner,
  { name, scopes, expires_at }: Pick<z.output<typeof newKeySchema>, 'name' | 'scopes' | 'expires_at'>,
) {
  const all = [...accounts.installation().keys.values()].filter((key) => key.workspace === workspace);
  if (all.length >= KEYS_MAX)
    throw refused('conflict', `A workspace has at most ${KEYS_MAX} API keys: revoke one first.`);
  const minted = mintKey(environment, clock);
  const value = {
    ...{ id: minted.id, name, environment, scopes },
    ...{ expires_at, created_at: clock.now(), secret_sha256: sha256Hex(minted.secret) },
  };
  await accounts.create({ kind: 'key', id: minted.id, workspace, value, secrets: {} });
  const made = accounts.installation().keys.get(minted.id);
  if (!made) throw new Error('a key that was just made is not there');
  return { ...keyView(made), secret: minted.secret };
}

/** Nobody hands on what they do not have. */
function checkGrant({ scopes: own }: Principal, scopes: readonly string[]): void {
  if (own.includes('*')) return;
  const beyond = scopes.filter((scope) => !own.includes(scope));
  if (beyond.length > 0)
    throw refused('forbidden', `This API key lacks scopes that the other would have: ${beyond.join(', ')}.`);
}

/** Throws `not_found` for a key that the caller does not have. */
function ownKey(accounts: Accounts, request: FastifyRequest): Key {
  const { id } = request.params as { id: string };
  const found = accounts.keys(callerOf(request)).find((key) => key.id === id);
  if (found) return found;
  throw refused('not_found', 'There is no such API key.');
}

export const keyView = (key: Key) => ({
  id: key.id,
  name: key.name,
  environment: key.environment,
  scopes: key.scopes,
  created_at: key.created_at === null ? null : isoTime(key.created_at),
  expires_at: key.expires_at === null ? null : isoTime(key.expires_at),
  from_file: key.fromFile,
  revoked: key.disabled,
});
