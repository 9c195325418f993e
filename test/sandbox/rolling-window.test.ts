// The gate and the gauge against a plain count over all stamps, on random histories.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RollingGate, RollingGauge } from '../../sandbox/judge/rolling-window.ts';

const PER_US = 1000;
// Steps on a grid of a tenth of the window, so that stamps often lie exactly one window apart; and off it.
const onGrid = fc.integer({ min: 0, max: 12 }).map((tenths) => tenths * 100);
const gaps = fc.array(fc.oneof(onGrid, fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 2000 })), {
  maxLength: 400,
});

/** The most stamps in any half-open window of this length: counted for every window that ends at a stamp. */
function highestByCounting(stamps: number[], perUs: number): number {
  const counts = stamps.map((end) => stamps.filter((stamp) => stamp <= end && stamp > end - perUs).length);
  return Math.max(0, ...counts);
}

function stampsFrom(steps: number[]): number[] {
  let atUs = 5_000_000;
  return steps.map((step) => {
    atUs += step;
    return atUs;
  });
}

test('the gauge reports exactly the highest count of any rolling window', () => {
  fc.assert(
    fc.property(gaps, (steps) => {
      const stamps = stampsFrom(steps);
      const gauge = new RollingGauge(PER_US);
      for (const stamp of stamps) gauge.arrived(stamp);
      expect(gauge.highest).toBe(highestByCounting(stamps, PER_US));
    }),
  );
});

test('the gate refuses exactly those that would put one too many into some window, even out of order', () => {
  const lateness = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 400, maxLength: 400 });
  fc.assert(
    fc.property(gaps, lateness, fc.integer({ min: 1, max: 20 }), (steps, late, count) => {
      const gate = new RollingGate(PER_US);
      const letThrough: number[] = [];
      for (const [index, stamp] of stampsFrom(steps).entries()) {
        const judgedAs = stamp - (late[index] ?? 0);
        const tooMany = highestByCounting([...letThrough, judgedAs], PER_US) > count;
        expect(gate.exceeds(judgedAs, count)).toBe(tooMany);
        if (tooMany) continue;
        gate.letThrough(judgedAs);
        letThrough.push(judgedAs);
      }
    }),
  );
});

test('a place is free again exactly one period later, and not a microsecond sooner', () => {
  const gate = new RollingGate(1_000_000);
  for (let index = 0; index < 80; index += 1) gate.letThrough(index);
  expect(gate.exceeds(999_999, 80)).toBe(true);
  expect(gate.exceeds(1_000_000, 80)).toBe(false);
});

test('two arrivals exactly one period apart never share a window', () => {
  const gauge = new RollingGauge(1_000_000);
  gauge.arrived(0);
  gauge.arrived(1_000_000);
  expect(gauge.highest).toBe(1);
  gauge.arrived(1_999_999);
  expect(gauge.highest).toBe(2);
});

test('unlimited lets everything through, zero nothing', () => {
  const gate = new RollingGate(1000);
  gate.letThrough(1);
  expect(gate.exceeds(1, Number.POSITIVE_INFINITY)).toBe(false);
  expect(gate.exceeds(5000, 0)).toBe(true);
});
