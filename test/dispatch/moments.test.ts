// Actions run at their moments or later, never before; late ones at once, all by one timer.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMoments } from '../../workers/dispatch/moments.ts';
import { createHandClock } from '../support/hand-clock.ts';

test('never early, in order, and by one timer', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: -20_000, max: 200_000 }), fc.nat(60_000)), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(steps, (given) => {
      const clock = createHandClock();
      const moments = createMoments(clock);
      const ran: { atUs: number; ranUs: number }[] = [];
      for (const [inUs, passUs] of given) {
        const atUs = clock.monotonicUs() + inUs;
        moments.at(atUs, () => void ran.push({ atUs, ranUs: clock.monotonicUs() }));
        expect(clock.timers()).toBeLessThanOrEqual(1);
        clock.pass(passUs);
      }
      clock.pass(1_000_000);
      expect(ran).toHaveLength(given.length);
      // A timer is a millisecond coarse, so `late` has a bound, `early` has none.
      for (const { atUs, ranUs } of ran) expect(ranUs).toBeGreaterThanOrEqual(atUs);
      const onTime = ran.filter(({ atUs, ranUs }) => ranUs === atUs);
      expect(onTime).toEqual(onTime.toSorted((a, b) => a.ranUs - b.ranUs));
    }),
  );
});

test('after a stall everything that is late runs in one tick, earliest first', () => {
  const clock = createHandClock();
  const moments = createMoments(clock);
  const ran: number[] = [];
  for (const ms of [40, 10, 30, 20, 500])
    moments.at(clock.monotonicUs() + ms * 1_000, () => void ran.push(ms));
  clock.stall(100_000);
  clock.pass(0);
  expect(ran).toEqual([10, 20, 30, 40]);
  clock.pass(400_000);
  expect(ran).toEqual([10, 20, 30, 40, 500]);
});
