// Meta's Cloud API as a platform: one POST per message, its answer as a verdict.
import type { Clock } from '../../base/clock.ts';
import type { HttpClient } from '../../base/http.ts';
import type { Attempt, Platform, SenderAccess, Sent } from '../port.ts';
import { addressOf, authorization, JSON_BODY } from './access.ts';
import { isOptOut } from './aftermath.ts';
import { check, missingVariables } from './check.ts';
import { classify } from './classify.ts';
import { payload } from './payload.ts';

/** Meta echoes it in every receipt. Its pages name 512 characters and 256 bytes: the smaller holds everywhere. */
const MAX_ATTEMPT_ID_BYTES = 256;

/** Where and as whom a sender's calls go. */
interface Access {
  token: string;
  baseUrl: string;
  origin: string;
  path: string;
  headers: readonly string[];
}

export function createMeta(http: HttpClient, clock: Clock): Platform {
  const known = new WeakMap<SenderAccess, Access>();

  const accessOf = (sender: SenderAccess): Access => {
    let access = known.get(sender);
    // A sender's token or address may be changed in place by a reload.
    if (!access || access.token !== sender.access_token || access.baseUrl !== sender.base_url) {
      access = buildAccess(sender);
      known.set(sender, access);
    }
    return access;
  };

  return { check, missingVariables, isOptOut, send };

  async function send(sender: SenderAccess, attempt: Attempt, mayWrite: () => boolean): Promise<Sent> {
    if (Buffer.byteLength(attempt.attemptId) > MAX_ATTEMPT_ID_BYTES)
      return refusedHere('the attempt id is too long', clock);
    const { origin, path, headers } = accessOf(sender);
    const result = await http.call({
      origin,
      path,
      method: 'POST',
      headers,
      body: payload(attempt),
      mayWrite,
    });
    return {
      verdict: classify(result, clock.now(), [sender.access_token, attempt.to, attempt.to.slice(1)]),
      writtenAtUs: result.kind === 'not_sent' ? undefined : result.writtenAtUs,
      endedAtUs: result.kind === 'answered' ? result.answeredAtUs : result.atUs,
    };
  }
}

function buildAccess(sender: SenderAccess): Access {
  const { origin, root } = addressOf(sender);
  return {
    token: sender.access_token,
    baseUrl: sender.base_url,
    origin,
    path: `${root}/${sender.external_id}/messages`,
    headers: [...authorization(sender), ...JSON_BODY],
  };
}

const refusedHere = (message: string, clock: Clock): Sent => ({
  verdict: { outcome: 'failed', code: 'invalid_attempt', message, moves: 'item' },
  writtenAtUs: undefined,
  endedAtUs: clock.monotonicUs(),
});
