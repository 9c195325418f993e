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

/** The last word of each item; a refusal keeps the id that the message had. */
function lastOf(first: Result[], second: Result[]): Map<number, Result> {
  const last = new Map(first.map((one) => [one.index, one]));
  for (const one of second)
    last.set(one.index, { ...one, providerId: one.providerId ?? last.get(one.index)?.providerId ?? null });
  return last;
}

test('lines give back what was written, the last word of each item', () => {
  fc.assert(
    fc.property(results, results, (first, second) => {
      const lines = [...first, ...second].map(resultLine).join('');
      const last = lastOf(first, second);
      expect(byIndex(readLines(lines).values())).toEqual(byIndex(last.values()));
    }),
  );
});

test('a folded chunk unfolds to the same results', () => {
  fc.assert(
    fc.property(results, (list) => {
      // A refusal that came by receipt has an id too.
      const known = list.map((one, i) => (i % 2 === 0 ? one : { ...one, providerId: `wamid.${i}` }));
      const folded = foldResults(new Map(known.map((one) => [one.index, one])));
      expect(byIndex(unfoldResults(folded).values())).toEqual(byIndex(known));
    }),
  );
});

test('lines added after a fold win over what was folded', () => {
  fc.assert(
    fc.property(results, results, (old, added) => {
      const folded = foldResults(new Map(old.map((one) => [one.index, one])));
      const all = readLines(added.map(resultLine).join(''), unfoldResults(folded));
      const last = lastOf(old, added);
      expect(byIndex(all.values())).toEqual(byIndex(last.values()));
    }),
  );
});

test('a line of time alone moves the time, and keeps the rest', () => {
  const lines = `${resultLine({ index: 4, atMs: 1_000, providerId: 'wamid.A', error: null })}4\t${(2_000).toString(36)}\tt\t\n`;
  expect([...readLines(lines).values()]).toEqual([
    { index: 4, atMs: 2_000, providerId: 'wamid.A', error: null },
  ]);
});
