// The Redis keys of this room. The workspace is the hash tag: one claim and its reply share a slot.
import { createHash } from 'node:crypto';

export interface IdempotencyScope {
  workspace: string;
  environment: string;
  route: string;
  key: string;
}

/**
 * `claim` lives 30 days and binds the key to one body and one job; `reply` lives 24 hours and holds the two lists of the 202; `audience`
 * holds the contacts that a request addresses, until its job is stored.
 */
export function idempotencyKeys(
  namespace: string,
  scope: IdempotencyScope,
): { claim: string; reply: string; audience: string } {
  const parts = [scope.workspace, scope.environment, scope.route, scope.key];
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);
  const claim = claimKeyOf(namespace, scope.workspace, hash);
  return { claim, reply: `${claim}:reply`, audience: `${claim}:audience` };
}

/** What a claim's key is called without its workspace: with it the seal in the log names the claim. */
export const claimNameOf = (claim: string): string => claim.slice(claim.lastIndexOf(':') + 1);

export const claimKeyOf = (namespace: string, workspace: string, name: string): string =>
  `${namespace}:{${workspace}}:idem:${name}`;
