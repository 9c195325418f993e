// POST /v1/messages/bulk, POST /v1/messages and POST /v1/contacts/bulk: the body goes to accept as it came, and comes back as a job.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Accept, BulkReply, BulkRequest } from '../../accept/port.ts';
import type { LedgerReader } from '../../ledger/port.ts';
import { acceptedAnswer, askedBy, headerOf } from '../accepted.ts';
import { type Body, BULK_BODY_MAX_BYTES } from '../body.ts';
import { noQuery, parseQuery } from '../query.ts';

export interface MessageRoutesOptions {
  accept: Accept;
  ledger: Pick<LedgerReader, 'job'>;
}

export function messageRoutes(app: FastifyInstance, { accept, ledger }: MessageRoutesOptions): void {
  const config = { scope: 'messages:write' as const };
  const bulk = { config, bodyLimit: BULK_BODY_MAX_BYTES };
  app.post(
    '/v1/messages/bulk',
    bulk,
    accepts((one) => accept.bulk(one), ledger),
  );
  const contacts = { config: { scope: 'contacts:write' as const }, bodyLimit: BULK_BODY_MAX_BYTES };
  app.post(
    '/v1/contacts/bulk',
    contacts,
    accepts((one) => accept.contacts(one), ledger),
  );
  app.post(
    '/v1/messages',
    { config },
    accepts((one) => accept.one(one), ledger),
  );
}

/** The handler of a route whose body becomes a job. */
export const accepts =
  (take: (request: BulkRequest) => Promise<BulkReply>, ledger: Pick<LedgerReader, 'job'>) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const taken = await withBody(request, (raw) => {
      parseQuery(noQuery, request.query);
      return take({
        ...askedBy(request),
        query: '',
        contentType: headerOf(request, 'content-type') ?? '',
        raw,
      });
    });
    return acceptedAnswer(reply, taken, ledger);
  };

/** The bytes count as held until accept is done with them, even when the client has left. */
async function withBody<Result>(
  request: FastifyRequest,
  use: (raw: Buffer) => Promise<Result>,
): Promise<Result> {
  const body = request.body as Body | undefined;
  try {
    return await use(body?.raw ?? Buffer.alloc(0));
  } finally {
    body?.lease.release();
  }
}
