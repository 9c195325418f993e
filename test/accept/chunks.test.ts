import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutRows } from '../../src/accept/chunks.ts';
import { CHUNK_MAX_BYTES, CHUNK_MAX_ROWS, type Row } from '../../src/contract/record.ts';

const row = (characters: number): Row => ['+16505551234', ['é'.repeat(characters)], 'r'];
const rows: fc.Arbitrary<Row[]> = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 400 }), fc.constantFrom(0, 1, 40, 500, 4_000, 16_000)), {
    maxLength: 4,
  })
  .map((runs) =>
    runs.flatMap(([count, characters]) =>
      Array.from({ length: count }, (_, i) => (i % 7 === 3 ? 0 : row(characters))),
    ),
  );

test('the chunks together are the rows, each within its bounds, and none could have taken one more', () => {
  fc.assert(
    fc.property(rows, (all) => {
      const cuts = [...cutRows(all)];
      let from = 0;
      for (const cut of cuts) {
        expect(cut.from).toBe(from);
        expect(cut.count).toBeLessThanOrEqual(CHUNK_MAX_ROWS);
        expect(cut.raw.length).toBeLessThanOrEqual(CHUNK_MAX_BYTES);
        expect(cut.raw.equals(Buffer.from(JSON.stringify(all.slice(from, from + cut.count))))).toBe(true);
        from += cut.count;
        const oneMore = Buffer.byteLength(JSON.stringify(all.slice(cut.from, from + 1)));
        if (from < all.length && cut.count < CHUNK_MAX_ROWS) expect(oneMore).toBeGreaterThan(CHUNK_MAX_BYTES);
      }
      expect(from).toBe(all.length);
      const again = [...cutRows(all)];
      expect(again.map((cut, i) => cut.raw.equals(cuts[i]?.raw ?? Buffer.of()))).toEqual(
        cuts.map(() => true),
      );
    }),
    { numRuns: 30 },
  );
});
