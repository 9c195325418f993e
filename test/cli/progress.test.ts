// The progress line: never too wide, never jumping, nothing drawn twice.
import { stripVTControlCharacters as visible } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { duration, rate, timeLeft } from '../../src/cli/terminal/amounts.ts';
import { createLiveLine } from '../../src/cli/terminal/live-line.ts';
import { barLine, type Progress, plainLine } from '../../src/cli/terminal/progress-bar.ts';
import { createRateMeter } from '../../src/cli/terminal/rate-meter.ts';
import { coloured, plain, styleFor } from '../../src/cli/terminal/style.ts';
import { tableLines } from '../../src/cli/terminal/table.ts';

const half: Progress = { done: 500, total: 1_000, perSecond: 80, elapsedMs: 6_250 };
const whole: Progress = { ...half, done: 1_000, elapsedMs: 12_500 };

test('half way', () => {
  expect(barLine(half, 80, plain)).toBe(
    '  ████████████████████░░░░░░░░░░░░░░░░░░░░    500/1,000   80.0/s  7 s left',
  );
  expect(plainLine(half)).toBe('500/1,000 (50 %), 80.0/s, 7 s left');
});

test('at the end: the average, and how long it took', () => {
  expect(barLine(whole, 80, plain)).toMatch(/ {2}█{40} {2}1,000\/1,000 {2}80\.0\/s {2}done in 12\.5 s$/);
  expect(plainLine(whole)).toBe('1,000/1,000 (100 %), 80.0/s, done in 12.5 s');
});

test('before there is a rate, and while something holds it', () => {
  const start = { ...half, done: 0, perSecond: undefined };
  expect(plainLine(start)).toBe('0/1,000 (0 %), starting …');
  expect(plainLine({ ...half, perSecond: 0 })).toBe('500/1,000 (50 %), waiting …');
  expect(plainLine({ ...half, perSecond: 0, note: 'paused' })).toBe('500/1,000 (50 %), paused');
});

test('never as wide as the terminal, in colours or without', () => {
  const progress = fc.record({
    done: fc.nat(10_000),
    total: fc.nat(10_000),
    perSecond: fc.option(fc.double({ min: 0, max: 5_000, noNaN: true }), { nil: undefined }),
    elapsedMs: fc.nat(10_000_000),
  });
  fc.assert(
    fc.property(progress, fc.integer({ min: 1, max: 200 }), fc.boolean(), (value, columns, colours) => {
      const line = visible(barLine(value, columns, colours ? coloured : plain));
      expect(line.length).toBeLessThan(columns);
      expect(line).not.toContain('\n');
    }),
  );
});

test('a terminal gets one write per change, the cursor back at the end', () => {
  const writes: string[] = [];
  const output = { write: (text: string) => writes.push(text), isTTY: true, columns: 80 };
  const line = createLiveLine(output, plain, { monotonicUs: () => 0 });
  line.show(half);
  line.show(half);
  line.show(whole);
  line.end();
  line.end();
  expect(writes).toEqual([
    `\x1b[?25l\r${barLine(half, 80, plain)}\x1b[K`,
    `\r${barLine(whole, 80, plain)}\x1b[K`,
    '\n\x1b[?25h',
  ]);
});

test('anything else gets a line a second, and the last one at once', () => {
  const writes: string[] = [];
  let nowUs = 5;
  const line = createLiveLine({ write: (text) => writes.push(text) }, plain, { monotonicUs: () => nowUs });
  for (const stepUs of [0, 400_000, 700_000, 100_000]) {
    nowUs += stepUs;
    line.show(half);
  }
  line.show(whole);
  line.end();
  expect(writes).toEqual([half, half, whole].map((progress) => `${plainLine(progress)}\n`));
});

test('the rate is that of the last seconds, and begins with the first step', () => {
  const meter = createRateMeter();
  meter.read(0, 0);
  meter.read(5_000_000, 0);
  expect(meter.perSecond()).toBeUndefined();
  for (let i = 1; i <= 10; i += 1) meter.read(5_000_000 + i * 100_000, i * 8);
  expect(meter.perSecond()).toBeCloseTo(80);
  for (let i = 1; i <= 40; i += 1) meter.read(6_000_000 + i * 100_000, 80 + i * 2);
  expect(meter.perSecond()).toBeCloseTo(20);
});

test('colours on a terminal only, and not against the user’s wish', () => {
  expect(styleFor({ isTTY: true }, {})).toBe(coloured);
  expect(styleFor({ isTTY: true }, { NO_COLOR: '1' })).toBe(plain);
  expect(styleFor({ isTTY: true }, { TERM: 'dumb' })).toBe(plain);
  expect(styleFor({}, {})).toBe(plain);
});

test('amounts', () => {
  expect([0, 12_345, 99_949, 99_950, 200_000, 180_000, 7_500_000, 7_200_000].map(duration)).toEqual([
    ...['0.0 s', '12.3 s', '99.9 s', '1 min 40 s', '3 min 20 s', '3 min', '2 h 5 min', '2 h'],
  ]);
  expect([1, 4_200, 99_000].map(timeLeft)).toEqual(['1 s', '5 s', '1 min 39 s']);
  expect([79.96, 999.94, 999.96, 12_345.6].map(rate)).toEqual(['80.0', '999.9', '1,000', '12,346']);
});

test('columns line up', () => {
  expect(
    tableLines(
      [
        ['a', '1', ''],
        ['bcd', '22', 'x'],
      ],
      [1],
    ),
  ).toEqual(['a     1', 'bcd  22  x']);
});
