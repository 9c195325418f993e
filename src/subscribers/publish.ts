// Events that are no move of a job: written to the log by whoever knows of them. An id is made of what the event is about, so that a repeat
// says the same thing under the same id.
import type { Secret } from '../base/secret.ts';
import type { EventsRecord, EventType } from '../contract/event.ts';
import { isoTime } from '../contract/time.ts';

const EVENT_ID_LETTERS = 22;
type EventId = `evt_${string}`;

export const eventId = (secret: Secret, parts: readonly string[]): EventId =>
  `evt_${secret.derive('event', parts, EVENT_ID_LETTERS)}`;

export interface OneEvent {
  id: EventId;
  type: EventType;
  workspace: string;
  environment: 'live' | 'test';
  /** Unix milliseconds. */
  atMs: number;
  data: Record<string, unknown>;
}

export const recordOfOne = ({ id, type, workspace, environment, atMs, data }: OneEvent): EventsRecord => ({
  v: 1,
  id,
  workspace,
  environment,
  at: atMs,
  batch: false,
  events: [{ id, type, created_at: isoTime(atMs), data }],
});

/** The entry of the topic `events`. */
export const entryOfEvents = (record: EventsRecord) => ({
  key: record.workspace,
  headers: { type: 'events', workspace: record.workspace },
  value: JSON.stringify(record),
});
