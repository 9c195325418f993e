// A record of events → what one endpoint gets: the events that it wants, in the envelope of the contract. Pure.
import { BATCH_TYPE, type EventsRecord, isWanted } from '../contract/event.ts';
import { isoTime } from '../contract/time.ts';

export interface Body {
  /** The same over all tries, and without a full stop: it is signed together with the time and the text. */
  id: string;
  type: string;
  events: number;
  text: string;
}

/** Undefined when the endpoint wants none of them. */
export function bodyOf(record: EventsRecord, filters: readonly string[]): Body | undefined {
  const wanted = record.events.filter(({ type }) => type === 'webhook.test' || isWanted(filters, type));
  const [first] = wanted;
  if (!first) return undefined;
  const { workspace, environment } = record;
  const envelope = record.batch
    ? {
        id: record.id,
        type: BATCH_TYPE,
        created_at: isoTime(record.at),
        workspace,
        environment,
        data: { events: wanted },
      }
    : {
        id: first.id,
        type: first.type,
        created_at: first.created_at,
        workspace,
        environment,
        data: first.data,
      };
  return { id: envelope.id, type: envelope.type, events: wanted.length, text: JSON.stringify(envelope) };
}
