// POST /v1/jobs: a job of up to 10 million rows as a stream of CSV or NDJSON; its fields stand in the query.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { BulkReply } from '../../accept/port.ts';
import type { StreamAccept } from '../../accept/stream.ts';
import type { Clock } from '../../base/clock.ts';
import { unavailable } from '../../base/failure.ts';
import { streamQuerySchema } from '../../contract/stream.ts';
import type { LedgerReader } from '../../ledger/port.ts';
import { acceptedAnswer, headerOf } from '../accepted.ts';
import { callerOf } from '../auth.ts';
import { drain } from '../body.ts';
import { parseQuery } from '../query.ts';
import { formatOf, uploadOf } from '../upload-body.ts';

export interface UploadRoutesOptions {
  stream: StreamAccept;
  ledger: Pick<LedgerReader, 'job'>;
  clock: Clock;
}

/** Uploads of one process at a time: each may take 64 MB, and 15 bytes for each of its rows. */
const MAX_UPLOADS = 4;
const FULL_RETRY_MS = 5_000;

export function uploadRoutes(app: FastifyInstance, { stream, ledger, clock }: UploadRoutesOptions): void {
  const config = { scope: 'messages:write' as const, streams: true as const };
  let uploads = 0;
  app.post('/v1/jobs', { config }, async (request, reply) => {
    try {
      if (uploads >= MAX_UPLOADS)
        throw unavailable('Too many uploads are under way just now.', undefined, FULL_RETRY_MS);
      uploads += 1;
      try {
        return await acceptedAnswer(reply, await upload(stream, request, clock), ledger);
      } finally {
        uploads -= 1;
      }
    } catch (error) {
      await drain(request.raw);
      throw error;
    }
  });
}

function upload(stream: StreamAccept, request: FastifyRequest, clock: Clock): Promise<BulkReply> {
  const contentType = headerOf(request, 'content-type');
  const format = formatOf(contentType);
  const query = parseQuery(streamQuerySchema, request.query);
  const [, rawQuery = ''] = (request.raw.url ?? '').split('?', 2);
  return stream({
    principal: callerOf(request),
    route: `${request.method} ${request.routeOptions.url ?? ''}`,
    idempotencyKey: headerOf(request, 'idempotency-key'),
    rawQuery,
    query,
    contentType: contentType ?? '',
    format,
    body: uploadOf(request, clock),
  });
}
