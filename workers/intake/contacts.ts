// A contact job: its rows go into the store of contacts, chunk by chunk, and are done. Every step can be repeated: the same contact again changes
// nothing, and a row that is done stays done.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../src/base/clock.ts';
import type { Logger } from '../../src/base/logger.ts';
import { ask, type Redis } from '../../src/base/redis.ts';
import { decodeRows } from '../../src/base/rows.ts';
import type { Contacts } from '../../src/contacts/contacts.ts';
import { type ContactInput, contactInputSchema } from '../../src/contract/contact.ts';
import { contactLettersOf } from '../../src/contract/event.ts';
import { isErased, type Row, type SealRecord } from '../../src/contract/record.ts';
import { chunkKeys } from '../../src/ledger/keys.ts';
import { chunkRange, startsOf } from '../../src/ledger/row.ts';
import { acceptContacts } from '../../src/ledger/suppress.ts';

export interface ContactsOptions {
  redis: Redis;
  namespace: string;
  clock: Clock;
  logger: Logger;
  contacts: Pick<Contacts, 'upsert' | 'zones'>;
  /** Letters of what customers want to be told of a home; '' = nothing. */
  toldOf?: (home: string) => string;
}

export async function takeContacts(options: ContactsOptions, seal: SealRecord): Promise<void> {
  const { redis, namespace, clock, logger, contacts } = options;
  const letters = contactLettersOf(options.toldOf?.(seal.home) ?? '');
  let count = 0;
  for (const n of startsOf(seal).keys()) {
    const { rows: key } = chunkKeys(namespace, seal.home, seal.job, seal.fingerprint, n);
    const blob = await ask(redis.client.getBuffer(key));
    if (!blob) continue;
    const { first, last } = chunkRange(seal, n);
    const told = decodeRows(blob)
      .slice(0, last - first + 1)
      .flatMap((row, i) =>
        row === 0 || isErased(row) ? [] : [{ index: first + i, contact: contactOf(row) }],
      );
    const ids = await contacts.upsert(
      seal,
      told.map(({ contact }) => contact),
      seal.created_at,
    );
    const done = told.map(({ index }, i) => ({ index, id: ids[i] ?? '' }));
    count += await acceptContacts(redis, namespace, seal, done, clock.now(), letters);
    await nextTurn();
  }
  logger.info('contacts.taken', { job: seal.job, workspace: seal.workspace, count });
}

function contactOf([, fields]: Exclude<Row, 0>): ContactInput {
  const text = fields && !Array.isArray(fields) ? fields.contact : undefined;
  return contactInputSchema.parse(JSON.parse(text ?? '{}'));
}
