// All of a request but its messages: shape, sender, times. Throws the `Failure` that the client gets.
import type { Accounts, Principal, Sender } from '../accounts/port.ts';
import { type Failure, refused } from '../base/failure.ts';
import type { ProblemDetail } from '../contract/problem.ts';
import type { Content } from '../contract/record.ts';
import {
  type BulkRequestBody,
  bulkRequestSchema,
  detailsOf,
  JOB_LIFE_MS,
  oneRequestSchema,
  SEND_AT_MAX_MS,
} from '../contract/request.ts';
import type { Body } from './body.ts';

export type Shape = 'bulk' | 'one';

/** The sender that a body names, if this key may see it: one of another workspace or environment is as good as none. */
export function senderOf(
  accounts: Pick<Accounts, 'sender'>,
  principal: Principal,
  body: Body,
): Sender | undefined {
  const id = Object.hasOwn(body, 'sender') ? body.sender : undefined;
  const sender = typeof id === 'string' ? accounts.sender(id) : undefined;
  return sender?.workspace === principal.workspace && sender.environment === principal.environment
    ? sender
    : undefined;
}

/** Checks the fields; a single message comes out as a bulk of one. Throws `invalid_request` with every fault. */
export function parseEnvelope(shape: Shape, body: Body): BulkRequestBody {
  if (shape === 'bulk') {
    const parsed = bulkRequestSchema.safeParse(body);
    if (parsed.success) return parsed.data;
    throw invalid(detailsOf(parsed.error));
  }
  const parsed = oneRequestSchema.safeParse(body);
  if (!parsed.success) throw invalid(detailsOf(parsed.error));
  const { to, variables, reference, ...rest } = parsed.data;
  return { ...rest, messages: [{ to, variables, reference }] };
}

/** What a shape cannot say: the sender stands ready, and the times fit the life of a job. */
export function checkMeaning(body: BulkRequestBody, sender: Sender | undefined, createdMs: number): void {
  if (sender === undefined || sender.disabled) {
    const message =
      sender === undefined ? 'is not a sender of this workspace and environment' : 'is disabled';
    throw refused('unprocessable', `The sender ${message}`, [
      { path: 'sender', code: 'unknown_sender', message },
    ]);
  }
  const start = Math.max(body.send_at ?? createdMs, createdMs);
  if (start > createdMs + SEND_AT_MAX_MS)
    throw invalid([{ path: 'send_at', code: 'too_late', message: 'must be at most 30 days ahead' }]);
  if (start + (body.expires_after ?? 0) > createdMs + JOB_LIFE_MS)
    throw invalid([
      { path: 'expires_after', code: 'too_late', message: 'must end at most 45 days from now' },
    ]);
}

/** What every message says that does not bring its own. */
export const contentOf = (body: BulkRequestBody): Content =>
  body.template !== undefined
    ? { template: body.template }
    : body.text !== undefined
      ? { text: body.text }
      : {};

const invalid = (details: ProblemDetail[]): Failure => {
  const first = details[0];
  const where = first === undefined ? '' : `: ${first.path === '' ? '' : `${first.path} `}${first.message}`;
  return refused('invalid_request', `The request is not valid${where}`, details);
};
