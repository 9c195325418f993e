// Contacts of a request → rows of the log: what stays of each, and what is wrong with it. Who is named twice, by number or by external id, is
// taken once.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ContactInput, contactInputSchema } from '../contract/contact.ts';
import { normalisePhone, samePhone } from '../contract/phone.ts';
import { detailsOf } from '../contract/request.ts';
import { type CheckedRows, type Fault, noneChecked, noteDuplicate, noteRejected } from './rows.ts';

/** About 5 ms of work. */
const SLICE_ROWS = 250;

export async function checkContacts(contacts: readonly unknown[]): Promise<CheckedRows> {
  const found = noneChecked(contacts.length);
  const seen = new Map<string, number>();
  for (const [index, given] of contacts.entries()) {
    if (index % SLICE_ROWS === SLICE_ROWS - 1) await nextTurn();
    const contact = checkContact(given);
    if ('code' in contact) {
      noteRejected(found, index, contact);
      continue;
    }
    const names = namesOf(contact);
    const of = names.map((name) => seen.get(name)).find((row) => row !== undefined);
    if (of !== undefined) {
      noteDuplicate(found, index, of, `the contact of row ${of} again`);
      continue;
    }
    for (const name of names) seen.set(name, index);
    found.rows[index] = [
      contact.number ?? '',
      { contact: JSON.stringify(contact) },
      contact.external_id ?? 0,
    ];
    found.total += 1;
  }
  return found;
}

/** What the same contact is known by. */
function namesOf({ number, external_id }: ContactInput): string[] {
  const names = number === undefined ? [] : [samePhone(number)];
  return external_id === undefined ? names : [...names, ` ${external_id}`];
}

function checkContact(given: unknown): ContactInput | Fault {
  const parsed = contactInputSchema.safeParse(given);
  if (!parsed.success) {
    const [first] = detailsOf(parsed.error);
    const [field, message] = [first?.path ?? '', first?.message ?? 'is not a contact'];
    return { field, code: 'invalid_contact', message: `${field} ${message}`.trim() };
  }
  const contact = parsed.data;
  if (contact.number === undefined) return contact;
  const number = normalisePhone(contact.number);
  if (number !== undefined) return { ...contact, number };
  const message = 'number must be a phone number with its country code, such as "+4915112345678"';
  return { field: 'number', code: 'invalid_recipient', message };
}
