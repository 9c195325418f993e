// Events that are no move of a job: written to the log by whoever knows of them. An id is made of what the event is about, so that a repeat
// says the same thing under the same id.
import type { Secret } from '../base/secret.ts';
import type { Environment } from '../contract/environment.ts';
import type { EventsRecord, EventType } from '../contract/event.ts';
import { isoTime } from '../contract/time.ts';

const EVENT_ID_LETTERS = 22;
/** Each is a few hundred bytes: far below what a broker takes at once. */
const APPEND_MAX_ENTRIES = 500;
type EventId = `evt_${string}`;

export const eventId = (secret: Secret, parts: readonly string[]): EventId =>
  `evt_${secret.derive('event', parts, EVENT_ID_LETTERS)}`;

export interface OneEvent {
  id: EventId;
  type: EventType;
  workspace: string;
  environment: Environment;
  /** Unix milliseconds. */
  atMs: number;
  data: Record<string, unknown>;
}

export const recordOfOne = ({ id, type, workspace, environment, atMs, data }: OneEvent): EventsRecord => ({
  v: 1,
  type: 'events',
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

interface Owner {
  workspace: string;
  environment: Environment;
}

export interface Publishing {
  log: { append(topic: 'events', entries: readonly ReturnType<typeof entryOfEvents>[]): Promise<unknown> };
  secret: Secret;
  accounts: { wants(owner: Owner, type: EventType): boolean };
}

/** What has happened, named by `parts`; `atMs`: unix milliseconds. */
export interface Happening {
  parts: readonly string[];
  atMs: number;
  data: Record<string, unknown>;
}

/** Tells of each, if any endpoint wants to hear. Resolves when the log has it. */
export async function publish(
  { log, secret, accounts }: Publishing,
  owner: Owner,
  type: EventType,
  happenings: readonly Happening[],
): Promise<void> {
  if (happenings.length === 0 || !accounts.wants(owner, type)) return;
  const { workspace, environment } = owner;
  const entries = happenings.map(({ parts, atMs, data }) => {
    const id = eventId(secret, [type, ...parts]);
    return entryOfEvents(recordOfOne({ id, type, workspace, environment, atMs, data }));
  });
  for (let i = 0; i < entries.length; i += APPEND_MAX_ENTRIES)
    await log.append('events', entries.slice(i, i + APPEND_MAX_ENTRIES));
}
