// The records of the `receipts` topic: what a platform said by webhook, in our words. Versioned and tolerant, as those of `jobs`.
import { z } from 'zod';
import { environmentSchema } from './environment.ts';

/** Unix milliseconds. */
const at = z.number().min(0);

/** `sent`: the platform passed it on; the receipt of an accepted message. */
const RECEIPT_STATUSES = ['sent', 'failed', 'delivered', 'read'] as const;

const statusSchema = z.object({
  /** The platform's id of the message. */
  id: z.string(),
  status: z.enum(RECEIPT_STATUSES),
  at,
  /** Which call of the record's job it speaks about; absent when our id did not come back. */
  index: z.int().min(0).optional(),
  try: z.int().min(0).max(255).optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  /** Who it was for (E.164 with +), of a failure: some speak about the person. */
  to: z.string().optional(),
});
export type ReceiptStatus = z.output<typeof statusSchema>;

const inboundSchema = z.object({
  id: z.string(),
  /** E.164 with +. */
  from: z.string(),
  at,
  /** As the platform calls it: text, button, interactive, image …; `preference` for an opt-out or opt-in at the platform. */
  kind: z.string(),
  text: z.string().optional(),
  /** What a tapped button carries; `stop` or `resume` of a preference. */
  payload: z.string().optional(),
  /** The platform's id of our message that it answers. */
  reply_to: z.string().optional(),
});
export type Inbound = z.output<typeof inboundSchema>;

const accountChangeSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('messaging_limit'),
    limit: z.union([z.int().min(1), z.literal('unlimited')]),
  }),
  z.object({ type: z.literal('throughput'), per_second: z.int().min(1) }),
  /** The account is stopped; `until` absent: until a person acts. */
  z.object({ type: z.literal('account_held'), code: z.string(), until: at.optional() }),
  z.object({ type: z.literal('account_freed') }),
  z.object({ type: z.literal('template_held'), name: z.string(), language: z.string(), code: z.string() }),
  z.object({ type: z.literal('template_freed'), name: z.string(), language: z.string() }),
]);
export type AccountChange = z.output<typeof accountChangeSchema>;

/** The status of a template that a change tells of; undefined: it tells of something else. */
export function templateStatusOf(
  change: AccountChange,
): { name: string; language: string; status: string } | undefined {
  if (change.type !== 'template_held' && change.type !== 'template_freed') return undefined;
  const { name, language } = change;
  return { name, language, status: change.type === 'template_held' ? change.code : 'APPROVED' };
}

/** Whose secret verified the webhook, and which of the platform's names it used: what is learned here routes what names less. */
const shared = {
  v: z.literal(1),
  workspace: z.string(),
  environment: environmentSchema,
  /** Arrival. */
  at,
  /** The platform's id of the account, and the number as it is shown. */
  account: z.string().optional(),
  number: z.string().optional(),
};

export const receiptRecordSchema = z.discriminatedUnion('type', [
  /** Of one job, or of none that is known. */
  z.object({
    ...shared,
    type: z.literal('statuses'),
    sender: z.string(),
    job: z.string().optional(),
    statuses: z.array(statusSchema),
  }),
  z.object({ ...shared, type: z.literal('inbound'), sender: z.string(), messages: z.array(inboundSchema) }),
  /** `sender`: the one whose webhook address it came to; the change may be about another of the same app. */
  z.object({ ...shared, type: z.literal('account'), sender: z.string(), change: accountChangeSchema }),
]);
export type ReceiptRecord = z.output<typeof receiptRecordSchema>;
export type StatusesRecord = Extract<ReceiptRecord, { type: 'statuses' }>;
export type InboundRecord = Extract<ReceiptRecord, { type: 'inbound' }>;
export type AccountRecord = Extract<ReceiptRecord, { type: 'account' }>;

/** A record stays far below the log's bound: so many statuses of ≤ 300 B, so many messages of ≤ 4 KB. */
export const RECORD_MAX_STATUSES = 500;
export const RECORD_MAX_MESSAGES = 40;
