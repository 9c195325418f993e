// Records written by every release so far, which each later one must read. Never edited: a new version gets new files.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { jobRecordSchema } from '../../src/contract/record.ts';

const folder = path.join(import.meta.dirname, 'golden');
const files = readdirSync(folder);
const read = (file: string) => JSON.parse(readFileSync(path.join(folder, file), 'utf8'));

test('there is one of each type', () => {
  expect(files.toSorted()).toEqual(['chunk.v1.json', 'seal.v1.json']);
});

test.each(files)('%s is read whole', (file) => {
  expect(jobRecordSchema.parse(read(file))).toEqual(read(file));
});

test.each(files)('%s is read when a later release has added to it', (file) => {
  const later = { ...read(file), colour: 'blue', extra: { nested: [1, 2] } };
  expect(jobRecordSchema.parse(later)).toEqual(read(file));
});

test.each(files)('%s of an unknown version or type is not read', (file) => {
  expect(jobRecordSchema.safeParse({ ...read(file), v: 2 }).success).toBe(false);
  expect(jobRecordSchema.safeParse({ ...read(file), type: 'letter' }).success).toBe(false);
});
