// The Redis keys of this room. The workspace is the hash tag: one claim and its reply share a slot.
import { createHash } from 'node:crypto';

export interface IdempotencyScope {
  workspace: string;
  environment: string;
  route: string;
  key: string;
}

/** `claim` lives 30 days and binds the key to one body and one job; `reply` lives 24 hours and holds the two lists of the 202. */
export function idempotencyKeys(
  namespace: string,
  scope: IdempotencyScope,
): { claim: string; reply: string } {
  const parts = [scope.workspace, scope.environment, scope.route, scope.key];
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);
  const claim = `${namespace}:{${scope.workspace}}:idem:${hash}`;
  return { claim, reply: `${claim}:reply` };
}
