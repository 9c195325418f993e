// POST /v1/jobs/plan: the body of a bulk request, nothing kept and nothing sent. Who would be rejected, and when the rest would go.
import type { FastifyInstance } from 'fastify';
import { type PlanOptions, plannedJob } from '../../accept/plan.ts';
import type { Accounts, Principal, Sender } from '../../accounts/port.ts';
import { refused } from '../../base/failure.ts';
import { callerOf } from '../auth.ts';
import { type Body, BULK_BODY_MAX_BYTES } from '../body.ts';
import type { HomeStates } from '../home-state.ts';
import { planOf, supposing } from '../plan.ts';
import { noQuery, parseQuery } from '../query.ts';

export interface PlanRoutesOptions extends PlanOptions {
  states: HomeStates;
}

export function planRoutes(app: FastifyInstance, options: PlanRoutesOptions): void {
  const config = { scope: 'messages:write' as const };
  app.post('/v1/jobs/plan', { config, bodyLimit: BULK_BODY_MAX_BYTES }, async (request) => {
    const body = request.body as Body | undefined;
    try {
      parseQuery(noQuery, request.query);
      return await plan(options, callerOf(request), body?.raw ?? Buffer.alloc(0));
    } finally {
      body?.lease.release();
    }
  });
}

async function plan(options: PlanRoutesOptions, caller: Principal, raw: Buffer) {
  const { accounts, states } = options;
  const job = await plannedJob(options, caller, raw);
  const { sender, whatIf, checked } = job;
  const other = whatIf && otherSender(accounts, caller, sender, whatIf.sender);
  const answer = planOf(await states.read(sender.home, sender.id), sender.id, job);
  return {
    sender: sender.id,
    total: checked.total,
    rejected_count: checked.rejectedCount,
    duplicate_count: checked.duplicateCount,
    suppressed_count: job.suppressedCount,
    rejected: checked.rejected.map(({ index, code, message }) => ({ index, code, message })),
    duplicates: checked.duplicates,
    ...answer,
    what_if:
      whatIf && other
        ? {
            sender: other.id,
            ...planOf(supposing(await states.read(other.home, other.id), other.id, whatIf), other.id, job),
          }
        : null,
  };
}

/** Throws `unprocessable` for a sender that the caller does not have. */
function otherSender(
  accounts: Pick<Accounts, 'sender'>,
  { workspace, environment }: Principal,
  own: Sender,
  id: string | undefined,
): Sender {
  if (id === undefined) return own;
  const other = accounts.sender(id);
  if (other?.workspace === workspace && other.environment === environment) return other;
  const message = 'is not a sender of this workspace and environment';
  throw refused('unprocessable', `The sender ${message}`, [
    { path: 'what_if.sender', code: 'unknown_sender', message },
  ]);
}
