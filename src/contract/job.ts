// A job and its items as clients see them, and the one table of item statuses that the ledger, its scripts and the API share.
import { z } from 'zod';
import { isoOut } from './time.ts';

/** The byte that stands for each status in the ledger's status string. `absent`: a row that never became an item. */
export const STATUS_BYTE = {
  queued: 'q',
  sending: 's',
  accepted: 'a',
  delivered: 'd',
  read: 'r',
  failed: 'f',
  unknown: 'u',
  canceled: 'c',
  expired: 'e',
  suppressed: 'p',
  absent: '-',
} as const;

export type ItemStatus = Exclude<keyof typeof STATUS_BYTE, 'absent'>;
export const ITEM_STATUSES = Object.keys(STATUS_BYTE).filter((name) => name !== 'absent') as ItemStatus[];

const STATUS_OF_BYTE = new Map(Object.entries(STATUS_BYTE).map(([name, byte]) => [byte.charCodeAt(0), name]));

/** The status that a ledger byte stands for; undefined for a row that is no item. */
export function statusOfByte(byte: number): ItemStatus | undefined {
  const name = STATUS_OF_BYTE.get(byte);
  return name === 'absent' ? undefined : (name as ItemStatus | undefined);
}

export const JOB_STATUSES = [
  'accepted',
  'scheduled',
  'queued',
  'sending',
  'paused',
  'completed',
  'canceling',
  'canceled',
  'expired',
  'incomplete',
] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];
export const JOB_KINDS = ['messages', 'contacts', 'templates', 'media'] as const;
export type JobKind = (typeof JOB_KINDS)[number];
export type Priority = 'bulk' | 'normal' | 'high';
/** Served in this order. */
export const PRIORITIES: readonly Priority[] = ['high', 'normal', 'bulk'];

const whole = z.int().min(0);

export const jobCountsSchema = z.object({
  total: whole,
  queued: whole,
  sending: whole,
  accepted: whole.meta({ description: 'accepted, delivered or read' }),
  delivered: whole.meta({ description: 'delivered or read' }),
  read: whole,
  failed: whole,
  unknown: whole,
  canceled: whole,
  expired: whole,
  suppressed: whole,
});
export type JobCounts = z.output<typeof jobCountsSchema>;

export const holdSchema = z
  .object({ limit: z.string(), scope: z.string(), until: isoOut.nullable(), message: z.string() })
  .meta({ id: 'Hold', description: 'Why something waits, and until when.' });
export type Hold = z.output<typeof holdSchema>;

export const jobSchema = z
  .object({
    id: z.string(),
    kind: z.enum(JOB_KINDS),
    sender: z.string(),
    status: z.enum(JOB_STATUSES),
    priority: z.enum(['bulk', 'normal', 'high']),
    created_at: isoOut,
    updated_at: isoOut,
    metadata: z.record(z.string(), z.unknown()),
    rejected_count: whole,
    duplicate_count: whole,
    counts: jobCountsSchema,
    progress: z.number().min(0).max(1),
    eta: z.object({ finish_at: isoOut, p90: isoOut }).nullable(),
    hold: holdSchema.nullable(),
  })
  .meta({ id: 'Job', description: 'One bulk job as it is now, in one consistent reading.' });
export type Job = z.output<typeof jobSchema>;

export const itemSchema = z
  .object({
    index: whole.meta({ description: 'The row in the request.' }),
    to: z.string(),
    reference: z.string().nullable(),
    status: z.enum(ITEM_STATUSES),
    attempts: whole,
    possible_duplicate: z.boolean().exactOptional().meta({
      description:
        'It was unknown and was sent once more, as its job or a retry asked: the person may have it twice.',
    }),
    provider_id: z.string().nullable(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    hold: holdSchema.nullable(),
    updated_at: isoOut,
  })
  .meta({ id: 'Item', description: 'One recipient of a job.' });
export type Item = z.output<typeof itemSchema>;
