// GET, POST and DELETE /v1/suppressions: who gets no more messages. Numbers come in bodies only, never in an address, and are not kept.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseTurn } from '../../accept/parse-turns.ts';
import type { Clock } from '../../base/clock.ts';
import { refused } from '../../base/failure.ts';
import type { Logger } from '../../base/logger.ts';
import type { Secret } from '../../base/secret.ts';
import { suppressionId } from '../../contacts/suppressed.ts';
import type { SuppressionPosition, Suppressions } from '../../contacts/suppressions.ts';
import { normalisePhone } from '../../contract/phone.ts';
import { MAX_DETAILS, type ProblemDetail } from '../../contract/problem.ts';
import { suppressionRemovalSchema, suppressionRequestSchema } from '../../contract/suppression.ts';
import { type Publishing, publish } from '../../subscribers/publish.ts';
import { callerOf } from '../auth.ts';
import { BULK_BODY_MAX_BYTES } from '../body.ts';
import { createCursors } from '../cursor.ts';
import { bodyBytes, jsonBody } from '../json-body.ts';
import { noQuery, pageQuery, parseQuery } from '../query.ts';

export interface SuppressionRoutesOptions extends Publishing {
  clock: Clock;
  suppressions: Suppressions;
  secret: Secret;
  logger: Logger;
}

const NOT_A_NUMBER = 'must be a phone number with its country code, such as "+4915112345678"';

export function suppressionRoutes(app: FastifyInstance, options: SuppressionRoutesOptions): void {
  const { suppressions, secret, logger } = options;
  const read = { config: { scope: 'contacts:read' as const } };
  const write = { config: { scope: 'contacts:write' as const }, bodyLimit: BULK_BODY_MAX_BYTES };
  const cursors = createCursors<SuppressionPosition>(secret, 'suppressions');

  app.get('/v1/suppressions', read, async (request) => {
    const caller = callerOf(request);
    const { limit, cursor } = parseQuery(pageQuery, request.query);
    const bound = [caller.workspace, caller.environment];
    const after = cursor === undefined ? undefined : cursors.read(bound, cursor);
    const { rows, next } = await suppressions.page(caller, after, limit);
    return {
      data: rows,
      has_more: next !== undefined,
      next_cursor: next ? cursors.write(bound, next) : null,
    };
  });

  app.get<{ Params: { id: string } }>('/v1/suppressions/:id', read, async (request) => {
    parseQuery(noQuery, request.query);
    const found = await suppressions.one(callerOf(request), request.params.id);
    if (!found) throw noSuchSuppression();
    return found;
  });

  app.post('/v1/suppressions', write, async (request) => {
    const caller = callerOf(request);
    await parseTurn(bodyBytes(request));
    const { value } = jsonBody(request, suppressionRequestSchema);
    parseQuery(noQuery, request.query);
    const { to, reason, source, categories } = value;
    const { good, rejected, rejectedCount } = checkNumbers(to);
    const done = await suppressions.add(
      caller,
      good.map((number) => ({ to: number.to, reason, source, categories })),
    );
    const created = done.filter((one) => one.created).length;
    await tellCreated(options, request, done, { reason, source, categories: categories ?? null });
    logger.info('suppressions.added', { workspace: caller.workspace, count: created });
    return {
      created,
      existing: done.length - created,
      rejected_count: rejectedCount,
      data: done.map((one, i) => ({
        index: good[i]?.index ?? 0,
        id: suppressionId(one.person),
        created: one.created,
      })),
      rejected,
    };
  });

  app.delete('/v1/suppressions', write, async (request) => {
    const caller = callerOf(request);
    await parseTurn(bodyBytes(request));
    const { value } = jsonBody(request, suppressionRemovalSchema);
    parseQuery(noQuery, request.query);
    const { good, rejected, rejectedCount } = checkNumbers(value.to);
    const removed = await suppressions.remove(
      caller,
      good.map(({ to }) => to),
    );
    logger.info('suppressions.removed', { workspace: caller.workspace, count: removed });
    return { removed, rejected_count: rejectedCount, rejected };
  });

  app.delete<{ Params: { id: string } }>('/v1/suppressions/:id', write, async (request, reply) => {
    parseQuery(noQuery, request.query);
    const { workspace, environment } = callerOf(request);
    if (!(await suppressions.removeId({ workspace, environment }, request.params.id)))
      throw noSuchSuppression();
    return reply.code(204).send();
  });
}

async function tellCreated(
  options: SuppressionRoutesOptions,
  request: FastifyRequest,
  added: readonly { person: string; created: boolean }[],
  about: Record<string, unknown>,
): Promise<void> {
  const atMs = options.clock.now();
  const happenings = added
    .filter(({ created }) => created)
    .map(({ person }) => suppressionId(person))
    .map((id) => ({ parts: [id, request.id], atMs, data: { id, ...about } }));
  await publish(options, callerOf(request), 'suppression.created', happenings);
}

interface CheckedNumbers {
  good: { index: number; to: string }[];
  /** The first 100. */
  rejected: { index: number; code: 'invalid_recipient'; message: string }[];
  rejectedCount: number;
}

/** Throws `unprocessable` when none is good. A message here never repeats the number itself. */
function checkNumbers(numbers: readonly string[]): CheckedNumbers {
  const rows = numbers.map((text, index) => ({ index, to: normalisePhone(text) }));
  const good = rows.flatMap(({ index, to }) => (to === undefined ? [] : [{ index, to }]));
  const bad = rows.filter(({ to }) => to === undefined);
  const rejected = bad
    .slice(0, MAX_DETAILS)
    .map(({ index }) => ({ index, code: 'invalid_recipient' as const, message: `to ${NOT_A_NUMBER}` }));
  if (good.length > 0) return { good, rejected, rejectedCount: bad.length };
  const details: ProblemDetail[] = rejected.map(({ index, code }) => ({
    path: `to[${index}]`,
    code,
    message: NOT_A_NUMBER,
  }));
  throw refused('unprocessable', 'None of these is a phone number', details);
}

const noSuchSuppression = () => refused('not_found', 'There is no such suppression.');
