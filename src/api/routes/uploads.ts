// POST /v1/jobs: a job of up to 10 million rows as a stream of CSV or NDJSON; its fields stand in the query.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { BulkReply } from '../../accept/port.ts';
import type { StreamAccept } from '../../accept/stream.ts';
import type { Clock } from '../../base/clock.ts';
import { streamQuerySchema } from '../../contract/stream.ts';
import type { LedgerReader } from '../../ledger/port.ts';
import { askedBy, headerOf } from '../accepted.ts';
import { parseQuery } from '../query.ts';
import { streamed } from '../streamed.ts';
import { formatOf, uploadOf } from '../upload-body.ts';

export interface UploadRoutesOptions {
  stream: StreamAccept;
  ledger: Pick<LedgerReader, 'job'>;
  clock: Clock;
}

/** Uploads of one process at a time: each may take 64 MB, and 15 bytes for each of its rows. */
const MAX_UPLOADS = 4;

export function uploadRoutes(app: FastifyInstance, { stream, ledger, clock }: UploadRoutesOptions): void {
  const config = { scope: 'messages:write' as const, streams: true as const };
  const bound = { most: MAX_UPLOADS, full: 'Too many uploads are under way just now.' };
  app.post(
    '/v1/jobs',
    { config },
    streamed(bound, async (request) => upload(stream, request, clock), ledger),
  );
}

function upload(stream: StreamAccept, request: FastifyRequest, clock: Clock): Promise<BulkReply> {
  const contentType = headerOf(request, 'content-type');
  const format = formatOf(contentType);
  const query = parseQuery(streamQuerySchema, request.query);
  const [, rawQuery = ''] = (request.raw.url ?? '').split('?', 2);
  return stream({
    ...askedBy(request),
    rawQuery,
    query,
    contentType: contentType ?? '',
    format,
    body: uploadOf(request, clock),
  });
}
