// What a cut of an outbox tells of a contact job → `contact.upserted`: the contacts that stand in the store, some to an event, with the counts of the
// whole job as they are by then.
import type { Secret } from '../../src/base/secret.ts';
import type { EventsRecord } from '../../src/contract/event.ts';
import { STATUS_BYTE } from '../../src/contract/job.ts';
import { isErased, type Row } from '../../src/contract/record.ts';
import type { ToldMove } from '../../src/ledger/outbox.ts';
import { type JobRow, jobOf } from '../../src/ledger/row.ts';
import { eventId, recordOfOne } from '../../src/subscribers/publish.ts';

/** An external id has up to 128 characters: well below the 20 KB of a post. */
const CONTACTS_PER_EVENT = 50;

/** `rows`: by index. */
export function contactEvents(
  secret: Secret,
  job: JobRow,
  rows: ReadonlyMap<number, Row>,
  moves: readonly ToldMove[],
): EventsRecord[] {
  const { seal } = job;
  const put = moves.filter(({ to, result }) => to === STATUS_BYTE.accepted && result.providerId);
  const records: EventsRecord[] = [];
  for (let at = 0; at < put.length; at += CONTACTS_PER_EVENT) {
    const some = put.slice(at, at + CONTACTS_PER_EVENT);
    const atMs = Math.max(...some.map(({ result }) => result.atMs));
    const { counts, metadata, rejected_count, duplicate_count } = jobOf(job, atMs);
    const data = {
      job_id: seal.job,
      sequence: some.at(-1)?.sequence,
      contacts: some.flatMap(({ result: { index, providerId: id } }) => {
        const row = rows.get(index) ?? 0;
        return isErased(row) ? [] : [{ index, id, external_id: (row !== 0 && row[2]) || null }];
      }),
      counts,
      rejected_count,
      duplicate_count,
      metadata,
    };
    const id = eventId(secret, [seal.job, 'contact.upserted', String(some[0]?.result.index)]);
    const { workspace, environment } = seal;
    records.push(recordOfOne({ id, type: 'contact.upserted', workspace, environment, atMs, data }));
  }
  return records;
}
