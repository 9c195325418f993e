// Who is asking, and whether the key may. Decided before the body is read, so that a stranger's bytes cost nothing.
import type { FastifyRequest } from 'fastify';
import type { Accounts, Principal } from '../accounts/port.ts';
import { refused } from '../base/failure.ts';
import type { Scope } from '../contract/account.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a key must be allowed to do here; without it the route is open to everybody. */
    scope?: Scope;
    /** The type of its answers, where that is not JSON. */
    accepts?: string;
  }
  interface FastifyRequest {
    principal: Principal | undefined;
  }
}

/** Throws `unauthorized`, `forbidden`, or `unavailable` when keys cannot be checked. */
export function authenticate(accounts: Accounts, request: FastifyRequest, scope: Scope): Principal {
  const presented = secretOf(request);
  const principal = presented === undefined ? undefined : accounts.authenticate(presented);
  if (!principal)
    throw refused(
      'unauthorized',
      'An API key is needed: "Authorization: Bearer SECRET" or "x-api-key: SECRET".',
    );
  if (principal.scopes.includes('*') || principal.scopes.includes(scope)) return principal;
  throw refused('forbidden', `This API key lacks the scope ${scope}.`);
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
