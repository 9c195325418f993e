import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutRows } from '../../src/accept/chunks.ts';
import { CHUNK_MAX_BYTES, CHUNK_MAX_ROWS, type Row } from '../../src/contract/record.ts';

const row = (characters: number): Row => ['+16505551234', ['é'.repeat(characters)], 'r'];
const rows: fc.Arbitrary<Row[]> = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 400 }), fc.constantFrom(0, 1, 40, 500, 4_000, 16_000)), {
    maxLength: 8,
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
        expect(cut.raw.toString()).toBe(JSON.stringify(all.slice(from, from + cut.count)));
        from += cut.count;
        const oneMore = Buffer.byteLength(JSON.stringify(all.slice(cut.from, from + 1)));
        if (from < all.length && cut.count < CHUNK_MAX_ROWS) expect(oneMore).toBeGreaterThan(CHUNK_MAX_BYTES);
      }
      expect(from).toBe(all.length);
      expect([...cutRows(all)]).toEqual(cuts);
    }),
    { numRuns: 40 },
  );
});
