// Records written by every release so far, which each later one must read. Never edited: a new version gets new files.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { decodeRows, unpackRows } from '../../src/base/rows.ts';
import { sha256Hex } from '../../src/base/secret.ts';
import { attemptsRecordSchema } from '../../src/contract/attempt.ts';
import { eventsRecordSchema } from '../../src/contract/event.ts';
import { receiptRecordSchema } from '../../src/contract/receipt.ts';
import { jobRecordSchema } from '../../src/contract/record.ts';
import { stateRecordSchema } from '../../src/contract/state.ts';

const folder = path.join(import.meta.dirname, 'golden');
const files = readdirSync(folder);
const read = (file: string) => JSON.parse(readFileSync(path.join(folder, file), 'utf8'));

/** Which topic's schema reads it. */
const schemaOf = (file: string) => {
  if (file.startsWith('attempts.')) return attemptsRecordSchema;
  if (file.startsWith('events.')) return eventsRecordSchema;
  if (file.startsWith('state.')) return stateRecordSchema;
  return /^(chunk|seal|control)\./.test(file) ? jobRecordSchema : receiptRecordSchema;
};

test('there is one of each type', () => {
  // `timed`: with what later releases have added about time.
  expect(files.toSorted()).toEqual([
    'account.v1.json',
    'attempts.v1.json',
    'chunk.v1.json',
    'chunk.v1.stream.json',
    'control.v1.json',
    'control.v1.retry.json',
    'events.v1.batch.json',
    'events.v1.single.json',
    'inbound.v1.json',
    'seal.v1.json',
    'seal.v1.stream.json',
    'seal.v1.timed.json',
    'state.v1.alias.json',
    'state.v1.contact.json',
    'state.v1.json',
    'state.v1.suppression.json',
    'statuses.v1.json',
  ]);
});

test.each(files)('%s is read whole', (file) => {
  expect(schemaOf(file).parse(read(file))).toEqual(read(file));
});

test.each(files)('%s is read when a later release has added to it', (file) => {
  const later = { ...read(file), colour: 'blue', extra: { nested: [1, 2] } };
  expect(schemaOf(file).parse(later)).toEqual(read(file));
});

test.each(files)('%s of an unknown version or type is not read', (file) => {
  expect(schemaOf(file).safeParse({ ...read(file), v: 2 }).success).toBe(false);
  expect(schemaOf(file).safeParse({ ...read(file), type: 'letter' }).success).toBe(false);
});

test('the rows of the chunk are read, and are those the seal names', () => {
  const chunk = read('chunk.v1.json');
  expect(decodeRows(chunk.rows)).toEqual([
    ['+31612345678', ['Ada', 'A-1001', 'https://shop.example/o/1001'], 'order-1001'],
    0,
    ['+4915112345678', { name: 'Bo' }, 0, { text: { body: 'Your parcel is here', preview_url: false } }],
    ['+254712345678'],
  ]);
  expect(sha256Hex(unpackRows(chunk.rows))).toBe(chunk.sha256);
  expect(read('seal.v1.json').digests).toEqual([chunk.sha256]);
});
