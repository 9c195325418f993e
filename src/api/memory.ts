// While Redis does not know what it should, nothing is changed and nothing is denied: what it does not find may be there a moment later. Accepts
// look by themselves, together with their claim; control of a job that is found goes to the log, which outlives Redis.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Failure } from '../base/failure.ts';
import { forgetful, type MemoryRight } from '../memory/forgetful.ts';

const BY_THEMSELVES = new Set([
  ...['/v1/messages', '/v1/messages/bulk', '/v1/contacts/bulk', '/v1/jobs'],
  ...[
    '/v1/jobs/:id',
    '/v1/jobs/:id/pause',
    '/v1/jobs/:id/resume',
    '/v1/jobs/:id/cancel',
    '/v1/jobs/:id/retry',
  ],
]);
/** Lists of what Redis alone finds: an empty one would be a lie. */
const LISTS = new Set(['/v1/jobs', '/v1/contacts', '/v1/suppressions']);

export function guardMemory(app: FastifyInstance, right: MemoryRight): void {
  if (!right) return;
  app.addHook('preHandler', async (request) => {
    if (request.is404 || request.routeOptions.config.scope === undefined) return;
    const { url = '' } = request.routeOptions;
    const read = request.method === 'GET' || request.method === 'HEAD';
    if (read ? !LISTS.has(url) : BY_THEMSELVES.has(url)) return;
    if (!(await right())) throw forgetful();
  });
}

/** What the caller is told in the place of "there is none" and "nobody knows you". */
export async function perhapsForgotten(
  right: MemoryRight,
  request: FastifyRequest,
  failure: Failure,
): Promise<Failure> {
  const denied = failure.code === 'not_found' || failure.code === 'unauthorized';
  if (!right || !denied || request.is404 || request.routeOptions.config.scope === undefined) return failure;
  return (await right().catch(() => false)) ? failure : forgetful();
}
