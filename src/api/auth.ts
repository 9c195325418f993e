// Who is asking, and whether the key may. Decided before the body is read, so that a stranger's bytes cost nothing.
import type { FastifyRequest } from 'fastify';
import { isMistyped } from '../accounts/minted-key.ts';
import type { Accounts, Principal } from '../accounts/port.ts';
import { type Failure, refused } from '../base/failure.ts';
import { sameText } from '../base/secret.ts';
import type { RouteScope } from '../contract/account.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a key must be allowed to do here, `any`: only be a key; without it the route is open to everybody. */
    scope?: RouteScope;
    /** The types of its answers, where that is not JSON. */
    accepts?: string | readonly string[];
    /** The handler reads the body as it comes. */
    streams?: true;
  }
  interface FastifyRequest {
    principal: Principal | undefined;
  }
}

/** Who presents a key; undefined when nobody does, or with one that is not known. Throws `unavailable` when keys cannot be checked. */
export function identify(accounts: Accounts, request: FastifyRequest): Principal | undefined {
  const presented = secretOf(request);
  return presented === undefined ? undefined : accounts.authenticate(presented);
}

/** `unauthorized`, in words that help whoever lost a letter of a key. */
export function unknownKey(request: FastifyRequest): Failure {
  const mistyped = isMistyped(secretOf(request) ?? '');
  return refused(
    'unauthorized',
    mistyped
      ? 'This API key is mistyped: its checksum does not fit.'
      : 'An API key is needed: "Authorization: Bearer SECRET" or "x-api-key: SECRET".',
  );
}

/** Throws `forbidden`. */
export function checkScope({ scopes }: Principal, scope: RouteScope): void {
  if (scope === 'any' || scopes.includes('*') || scopes.includes(scope)) return;
  throw refused('forbidden', `This API key lacks the scope ${scope}.`);
}

/** Throws `not_found` when the installation has no admin key, `unauthorized` without it. */
export function checkAdmin(adminKey: string | undefined, request: FastifyRequest): void {
  if (adminKey === undefined) throw refused('not_found', 'There is no such route.');
  const presented = secretOf(request);
  if (presented === undefined || !sameText(presented, adminKey))
    throw refused(
      'unauthorized',
      'The admin key is needed: "Authorization: Bearer KEY" or "x-api-key: KEY".',
    );
}

/** The caller of a route that has a scope. */
export function callerOf(request: FastifyRequest): Principal {
  if (!request.principal) throw new Error('a route without a scope asked for its caller');
  return request.principal;
}

function secretOf(request: FastifyRequest): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  const header = request.headers['x-api-key'];
  return bearer ?? (typeof header === 'string' && header !== '' ? header : undefined);
}
