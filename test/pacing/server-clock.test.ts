// Neither conversion is ever early, whatever the delays on the way there and back; and both are close once one answer was quick.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createServerClock } from '../../src/pacing/server-clock.ts';

const OFFSET_US = 1_800_000_000_000_000;
const delays = fc.array(fc.tuple(fc.nat(50_000), fc.nat(50_000), fc.nat(400_000)), {
  minLength: 1,
  maxLength: 60,
});

test('server → local and local → server are never early', () => {
  fc.assert(
    fc.property(delays, fc.integer({ min: -1_000_000, max: 1_000_000 }), (exchanges, aheadUs) => {
      const clock = createServerClock();
      let localUs = 1_000;
      let quickest = Number.POSITIVE_INFINITY;
      for (const [thereUs, backUs, pauseUs] of exchanges) {
        const sentUs = localUs;
        const serverUs = sentUs + thereUs + OFFSET_US;
        localUs = sentUs + thereUs + backUs;
        clock.observe(sentUs, localUs, serverUs);
        quickest = thereUs + backUs;
        const truth = localUs + aheadUs;
        expect(clock.toLocal(truth + OFFSET_US)).toBeGreaterThanOrEqual(truth);
        expect(clock.toServer(truth)).toBeGreaterThanOrEqual(truth + OFFSET_US);
        expect(clock.toLocal(truth + OFFSET_US) - truth).toBeLessThanOrEqual(quickest);
        expect(clock.toServer(truth) - truth - OFFSET_US).toBeLessThanOrEqual(quickest);
        localUs += pauseUs;
      }
    }),
  );
});

test('a server clock that stepped is followed', () => {
  // A step smaller than a round trip cannot be told from a delay.
  const step = fc.integer({ min: -5_000_000, max: 5_000_000 }).filter((us) => Math.abs(us) > 100);
  fc.assert(
    fc.property(step, (stepUs) => {
      const clock = createServerClock();
      clock.observe(0, 100, OFFSET_US + 50);
      clock.observe(1_000, 1_100, OFFSET_US + stepUs + 1_050);
      // From then on the newest word counts, once the old bounds cannot be true.
      const local = clock.toLocal(OFFSET_US + stepUs + 2_000);
      expect(local).toBeGreaterThanOrEqual(2_000);
    }),
  );
});
