// The 202 of a job that was posted, in whatever form.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { BulkReply } from '../accept/port.ts';
import { refused } from '../base/failure.ts';
import type { LedgerReader } from '../ledger/port.ts';
import { callerOf } from './auth.ts';

/** A replay shows the job as it is now. Throws `conflict` when its job is no longer kept. */
export async function acceptedAnswer(
  reply: FastifyReply,
  taken: BulkReply,
  ledger: Pick<LedgerReader, 'job'>,
): Promise<object> {
  const job = taken.accepted ?? (await ledger.job(taken.home, taken.job));
  // A key is remembered longer than its job: there is nothing to show, and nothing that may be queued again.
  if (!job) throw refused('conflict', 'This idempotency key belongs to a job that is no longer kept.');
  if (taken.replayed) reply.header('idempotency-replayed', 'true');
  reply.code(202).header('location', `/v1/jobs/${taken.job}`);
  return { job, rejected: taken.rejected, duplicates: taken.duplicates };
}

export function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** Who asks for a job, on which route, under which key. */
export const askedBy = (request: FastifyRequest) => ({
  principal: callerOf(request),
  route: `${request.method} ${request.routeOptions.url ?? ''}`,
  idempotencyKey: headerOf(request, 'idempotency-key'),
});
