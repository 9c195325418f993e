// The bound behind `finish_by`: what it refuses is impossible. Compared with calls made one by one under the rules.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Limit } from '../../src/contract/limit.ts';
import { shortestMs } from '../../src/pacing/earliest.ts';

const limit = fc.record({
  kind: fc.constant('rolling' as const),
  name: fc.constant('rate'),
  scope: fc.constant('s1'),
  count: fc.integer({ min: 1, max: 20 }),
  perMs: fc.integer({ min: 10, max: 5_000 }),
  pace: fc.constantFrom('even' as const, 'burst' as const),
});

/** The moments of `total` calls that each go as soon as every limit lets them; answers take no time. */
function lastMoment(limits: Extract<Limit, { kind: 'rolling' }>[], total: number): number {
  const moments: number[] = [];
  for (let i = 0; i < total; i += 1) {
    const least = limits.map(({ count, perMs, pace }) =>
      Math.max(i >= count ? (moments[i - count] ?? 0) + perMs : 0, pace === 'even' ? (i * perMs) / count : 0),
    );
    moments.push(Math.max(0, moments[i - 1] ?? 0, ...least));
  }
  return moments.at(-1) ?? 0;
}

test('never later than the limits allow, and exact under one limit', () => {
  fc.assert(
    fc.property(fc.array(limit, { maxLength: 4 }), fc.integer({ min: 1, max: 200 }), (limits, total) => {
      expect(shortestMs(limits, total)).toBeLessThanOrEqual(Math.ceil(lastMoment(limits, total)) + 1e-6);
      for (const one of limits)
        expect(shortestMs([one], total)).toBeCloseTo(Math.ceil(lastMoment([one], total) - 1e-6), 5);
    }),
  );
});
