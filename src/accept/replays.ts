// Whether a request repeats one that is done, told from its header before its body is read: a replay is answered even where its key may ask no
// more. A key in the body alone is not seen here. What stands under the key still decides what the answer is.
import type { Clock } from '../base/clock.ts';
import { ask, type Redis } from '../base/redis.ts';
import { keyOf } from './body.ts';
import { type IdempotencyScope, idempotencyKeys } from './keys.ts';

export type IsReplay = (scope: IdempotencyScope) => Promise<boolean>;

/** `key` as the header `Idempotency-Key` has it. */
export function createReplays(redis: Redis, namespace: string, clock: Clock): IsReplay {
  return async (scope) => {
    const { key } = keyOf(scope.key, {}, clock);
    const { claim } = idempotencyKeys(namespace, { ...scope, key });
    return (await ask(redis.client.hget(claim, 's'))) === 'd';
  };
}
