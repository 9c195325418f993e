// Results survive being written as lines, read, folded and unfolded, whatever their ids and messages hold.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { foldResults, type Result, readLines, resultLine, unfoldResults } from '../../src/ledger/results.ts';

const wamid = fc
  .uint8Array({ minLength: 1, maxLength: 60 })
  .map((bytes) => `wamid.${Buffer.from(bytes).toString('base64')}`);
const plain = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_.:/+= é日'), minLength: 1, maxLength: 40 });
const outcome = fc.oneof(
  fc.oneof(wamid, plain).map((providerId) => ({ providerId, error: null })),
  fc
    .record({
      code: fc.stringMatching(/^[a-z0-9_]{1,20}$/),
      message: fc.string({ unit: 'grapheme', maxLength: 80 }),
    })
    .map(({ code, message }) => ({
      providerId: null,
      error: { code, message: message.replace(/[\t\n\r]/g, ' ') },
    })),
);
const results = fc
  .uniqueArray(
    fc.tuple(fc.nat(5_000), fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }), outcome),
    { selector: ([index]) => index, minLength: 1, maxLength: 60 },
  )
  .map((rows) => rows.map(([index, atMs, what]): Result => ({ index, atMs, ...what })));

const byIndex = (list: Iterable<Result>): Result[] => [...list].sort((a, b) => a.index - b.index);

test('lines give back what was written, the last word of each item', () => {
  fc.assert(
    fc.property(results, results, (first, second) => {
      const lines = [...first, ...second].map(resultLine).join('');
      const last = new Map([...first, ...second].map((one) => [one.index, one]));
      expect(byIndex(readLines(lines).values())).toEqual(byIndex(last.values()));
    }),
  );
});

test('a folded chunk unfolds to the same results', () => {
  fc.assert(
    fc.property(results, (list) => {
      const folded = foldResults(new Map(list.map((one) => [one.index, one])));
      expect(byIndex(unfoldResults(folded).values())).toEqual(byIndex(list));
    }),
  );
});

test('lines added after a fold win over what was folded', () => {
  fc.assert(
    fc.property(results, results, (old, added) => {
      const folded = foldResults(new Map(old.map((one) => [one.index, one])));
      const all = readLines(added.map(resultLine).join(''), unfoldResults(folded));
      const last = new Map([...old, ...added].map((one) => [one.index, one]));
      expect(byIndex(all.values())).toEqual(byIndex(last.values()));
    }),
  );
});
