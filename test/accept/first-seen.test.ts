import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFirstSeen } from '../../src/accept/first-seen.ts';

const close = fc.integer({ min: 1_650_555_000, max: 1_650_555_040 });
const far = fc.bigInt({ min: 1_000_000n, max: 999_999_999_999_999n });

test('it says what a Map says, full and with the longest numbers', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(close, far), { minLength: 1, maxLength: 300 }), (all) => {
      const seen = createFirstSeen(all.length);
      const model = new Map<string, number>();
      for (const [row, number] of all.entries()) {
        const text = `+${number}`;
        expect(seen.of(text, row)).toBe(model.get(text));
        if (!model.has(text)) model.set(text, row);
      }
    }),
  );
});
