// What customers are told: the names of events, the letters that stand for them in the ledger's outbox, and the record that carries them
// through the log. Records are versioned and tolerant, as those of `jobs`.
import { z } from 'zod';
import { environmentSchema } from './environment.ts';
import { STATUS_BYTE } from './job.ts';

export const EVENT_TYPES = [
  'job.accepted',
  'job.completed',
  'job.paused',
  'job.resumed',
  'job.canceled',
  'job.expired',
  'message.accepted',
  'message.delivered',
  'message.read',
  'message.failed',
  'message.unknown',
  'message.suppressed',
  'message.received',
  'contact.upserted',
  'sender.limited',
  'sender.limit_changed',
  'suppression.created',
  'template.submitted',
  'template.failed',
  'template.status_changed',
  'media.uploaded',
  'media.failed',
  'webhook.disabled',
  'webhook.test',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Message events of a job travel together. */
export const BATCH_TYPE = 'message.batch';
/** Events of one batch, and its bytes: what receivers of Standard Webhooks expect at most. */
export const BATCH_MAX_EVENTS = 100;
export const BATCH_MAX_BYTES = 20_000;

/** Moves of an item that are told, by the status that it moved to. */
export const MOVE_TYPES: Readonly<Record<string, EventType>> = {
  [STATUS_BYTE.accepted]: 'message.accepted',
  [STATUS_BYTE.delivered]: 'message.delivered',
  [STATUS_BYTE.read]: 'message.read',
  [STATUS_BYTE.failed]: 'message.failed',
  [STATUS_BYTE.unknown]: 'message.unknown',
  [STATUS_BYTE.suppressed]: 'message.suppressed',
};
/** Stand for every event of jobs, for what must wait, and for contacts, where letters say what is wanted. */
export const JOBS_LETTER = 'J';
const HOLDS_LETTER = 'L';
const CONTACTS_LETTER = 'C';

/** Whether a filter (`*`, `message.*`, `job.completed`) lets an event through. */
export const isWanted = (filters: readonly string[], type: string): boolean =>
  filters.some(
    (filter) =>
      filter === '*' || filter === type || (filter.endsWith('.*') && type.startsWith(filter.slice(0, -1))),
  );

/** The letters of what the ledger has to tell for these filters; '' when it is nothing. */
export function lettersOf(filters: readonly string[]): string {
  const moves = Object.entries(MOVE_TYPES).filter(([, type]) => isWanted(filters, type));
  const jobs = EVENT_TYPES.some((type) => type.startsWith('job.') && isWanted(filters, type));
  const holds = isWanted(filters, 'sender.limited');
  const contacts = isWanted(filters, 'contact.upserted');
  return [
    ...moves.map(([letter]) => letter),
    jobs ? JOBS_LETTER : '',
    holds ? HOLDS_LETTER : '',
    contacts ? CONTACTS_LETTER : '',
  ].join('');
}

/** Of these letters, what a contact job has to tell: of itself, and of contacts that stand in the store. */
export const contactLettersOf = (letters: string): string =>
  (letters.includes(JOBS_LETTER) ? JOBS_LETTER : '') +
  (letters.includes(CONTACTS_LETTER) ? STATUS_BYTE.accepted : '');

const FILTER = new RegExp(
  `^(\\*|(job|message|contact|sender|suppression|template|media|webhook)\\.\\*|${EVENT_TYPES.join('|')})$`,
);
export const eventFiltersSchema = z
  .array(z.string().regex(FILTER, 'must be an event such as "job.completed", "message.*" or "*"'))
  .min(1)
  .max(64);

const eventSchema = z.object({
  id: z.string(),
  /** One of `EVENT_TYPES`, or one that a later release knows. */
  type: z.string(),
  created_at: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type CustomerEvent = z.output<typeof eventSchema>;

/** One record of the topic `events`: a batch of message events, or one event of another kind. */
export const eventsRecordSchema = z.object({
  v: z.literal(1),
  type: z.literal('events'),
  /** The id of the batch; of one event its own. */
  id: z.string(),
  workspace: z.string(),
  environment: environmentSchema,
  /** Unix milliseconds. */
  at: z.number().min(0),
  batch: z.boolean(),
  events: z.array(eventSchema).min(1),
});
export type EventsRecord = z.output<typeof eventsRecordSchema>;
