// All of a request but its messages: shape, sender, times. Throws the `Failure` that the client gets.
import type { z } from 'zod';
import type { Accounts, Principal, Sender } from '../accounts/port.ts';
import { type Failure, refused } from '../base/failure.ts';
import { contactsRequestSchema } from '../contract/contact.ts';
import { mediaRequestSchema } from '../contract/media.ts';
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
import { templateRequestSchema } from '../contract/template.ts';
import type { Body } from './body.ts';

export type Shape = 'bulk' | 'one' | 'contacts' | 'template' | 'media';

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

export const unknownSender = (message = 'is not a sender of this workspace and environment'): Failure =>
  refused('unprocessable', `The sender ${message}`, [{ path: 'sender', code: 'unknown_sender', message }]);

/** Of a job that sends no messages. */
const NO_MESSAGES = {
  category: 'service',
  priority: 'bulk',
  on_unknown: 'hold',
  validation: 'permissive',
} as const;

/** Checks the fields; a single message comes out as a bulk of one. Throws `invalid_request` with every fault. */
export function parseEnvelope(shape: Shape, body: Body): BulkRequestBody {
  switch (shape) {
    case 'bulk': {
      const { messages = [], ...rest } = parsed(bulkRequestSchema, body);
      return { ...rest, messages };
    }
    case 'one': {
      const { to, variables, reference, ...rest } = parsed(oneRequestSchema, body);
      return { ...rest, messages: [{ to, variables, reference }] };
    }
    case 'contacts': {
      const { contacts: messages, ...rest } = parsed(contactsRequestSchema, body);
      return { ...NO_MESSAGES, ...rest, messages };
    }
    case 'template': {
      const { sender, metadata, idempotency_key, ...template } = parsed(templateRequestSchema, body);
      return { ...NO_MESSAGES, sender, metadata, idempotency_key, messages: [template] };
    }
    case 'media': {
      const { sender, ...media } = parsed(mediaRequestSchema, body);
      return { ...NO_MESSAGES, sender, metadata: {}, messages: [media] };
    }
  }
}

function parsed<Schema extends z.ZodType>(schema: Schema, body: Body): z.output<Schema> {
  const { data, error } = schema.safeParse(body);
  if (error) throw invalid(detailsOf(error));
  return data;
}

/** What a shape cannot say: the sender stands ready, and the times fit the life of a job. Gives the sender. */
export function checkMeaning(body: BulkRequestBody, sender: Sender | undefined, createdMs: number): Sender {
  if (sender === undefined) throw unknownSender();
  if (sender.disabled) throw unknownSender('is disabled');
  const start = startOf(body, createdMs);
  if (start > createdMs + SEND_AT_MAX_MS)
    throw invalid([{ path: 'send_at', code: 'too_late', message: 'must be at most 30 days ahead' }]);
  const [path, end] =
    body.expires_after === undefined && body.finish_by !== undefined
      ? ['finish_by', body.finish_by]
      : ['expires_after', start + (body.expires_after ?? 0)];
  if (end > createdMs + JOB_LIFE_MS)
    throw invalid([{ path, code: 'too_late', message: 'must end at most 45 days from now' }]);
  if (body.finish_by !== undefined && body.finish_by <= start)
    throw invalid([{ path: 'finish_by', code: 'too_early', message: 'must lie after the start of the job' }]);
  if (body.finish_by !== undefined && body.finish_by < start + (body.spread ?? 0))
    throw invalid([
      {
        path: 'spread',
        code: 'too_long',
        message: 'must end by finish_by, counted from the start of the job',
      },
    ]);
  return sender;
}

/** When the first of its messages may go. */
export const startOf = ({ send_at }: Pick<BulkRequestBody, 'send_at'>, createdMs: number): number =>
  Math.max(send_at ?? createdMs, createdMs);

/** What has not left by then does not leave; undefined when nothing ends the job but its life. */
export const expiryOf = (
  body: Pick<BulkRequestBody, 'send_at' | 'expires_after' | 'finish_by'>,
  createdMs: number,
): number | undefined =>
  body.expires_after === undefined ? body.finish_by : startOf(body, createdMs) + body.expires_after;

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
