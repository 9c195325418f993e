// The handler of a route whose body is read as it comes: so many at a time, and what nobody reads is let run off before the answer.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { BulkReply } from '../accept/port.ts';
import { unavailable } from '../base/failure.ts';
import type { LedgerReader } from '../ledger/port.ts';
import { acceptedAnswer } from './accepted.ts';
import { drain } from './body.ts';

const FULL_RETRY_MS = 5_000;

/** `most`: requests of one process at a time; one more is told `full`. */
export function streamed(
  { most, full }: { most: number; full: string },
  take: (request: FastifyRequest) => Promise<BulkReply>,
  ledger: Pick<LedgerReader, 'job'>,
): (request: FastifyRequest, reply: FastifyReply) => Promise<object> {
  let underWay = 0;
  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<object> => {
    if (underWay >= most) throw unavailable(full, undefined, FULL_RETRY_MS);
    underWay += 1;
    try {
      return await acceptedAnswer(reply, await take(request), ledger);
    } finally {
      underWay -= 1;
    }
  };
  return async (request, reply) => {
    try {
      return await answer(request, reply);
    } catch (error) {
      await drain(request.raw);
      throw error;
    }
  };
}
