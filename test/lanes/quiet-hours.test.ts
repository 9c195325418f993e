// Quiet hours against the plain sentence: at every minute, ask each zone what its clock shows. Over years, zones and the shifts of their clocks.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { zonesOfNumber } from '../../src/base/phone-zones.ts';
import { jitterMs, type QuietHours, spanOf } from '../../src/lanes/quiet-hours.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
const ZONES = Intl.supportedValuesOf('timeZone');

const clocks = new Map<string, Intl.DateTimeFormat>();
/** "21:05" as a clock in the zone shows it. */
function shown(zone: string, atMs: number): string {
  const clock =
    clocks.get(zone) ??
    new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
  clocks.set(zone, clock);
  return clock.format(atMs);
}

const quietAt = ({ from, to }: QuietHours, zones: readonly string[], atMs: number): boolean =>
  zones.some((zone) => {
    const now = shown(zone, atMs);
    return from < to ? from <= now && now < to : from <= now || now < to;
  });

const time = fc
  .tuple(fc.nat(23), fc.nat(59))
  .map(([h, m]) => `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`);
const hours = fc.record({ from: time, to: time }).filter(({ from, to }) => from !== to);

/** A span that ends within a second is passed over. */
const SHORTEST_MS = 1_000;

/** Open over the whole span and quiet on both sides, by looking at every minute of it. */
function expectSpan(quiet: QuietHours, zones: readonly string[], atMs: number): void {
  const span = spanOf(quiet, zones, atMs);
  const startMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
  const minutes = Array.from({ length: 3 * 1_440 }, (_, i) => startMs + i * MINUTE_MS);
  const [now, ...later] = minutes;
  const endsAtOnce = quietAt(quiet, zones, startMs + MINUTE_MS) && startMs + MINUTE_MS - atMs < SHORTEST_MS;
  const opens = (endsAtOnce ? later : minutes).find((ms) => !quietAt(quiet, zones, Math.max(ms, atMs)));
  if (opens === now) expect(span?.opensMs).toBeLessThanOrEqual(atMs);
  else expect(span?.opensMs).toBe(opens);
  const closes = minutes.find((ms) => ms > (opens ?? Infinity) && quietAt(quiet, zones, ms));
  if (closes !== undefined) expect(span?.closesMs).toBe(closes);
}

test('the span of a zone is what its clock says, minute by minute', () => {
  fc.assert(
    fc.property(
      hours,
      fc.constantFrom(...ZONES),
      fc.integer({ min: 50 * YEAR_MS, max: 75 * YEAR_MS }),
      (quiet, zone, atMs) => {
        expectSpan(quiet, [zone], atMs);
      },
    ),
    { numRuns: 300 },
  );
});

test.each([
  ['Europe/Berlin', '2027-03-28T00:30:00Z'],
  ['Europe/Berlin', '2027-10-31T00:30:00Z'],
  ['America/New_York', '2027-03-14T06:30:00Z'],
  ['America/New_York', '2027-11-07T05:30:00Z'],
  ['Australia/Lord_Howe', '2027-04-03T14:30:00Z'],
  ['Australia/Lord_Howe', '2027-10-02T15:00:00Z'],
  ['Antarctica/Troll', '2027-03-28T00:30:00Z'],
  ['Africa/Casablanca', '2027-02-07T01:30:00Z'],
])('%s, when its clock shifts on %s', (zone, shift) => {
  fc.assert(
    fc.property(hours, fc.integer({ min: -2 * 1_440, max: 180 }), (quiet, minutes) =>
      expectSpan(quiet, [zone], Date.parse(shift) + minutes * MINUTE_MS + 1_234),
    ),
    { numRuns: 60 },
  );
});

test('several zones: open only where none is quiet', () => {
  const several = fc.uniqueArray(fc.constantFrom(...ZONES), { minLength: 2, maxLength: 5 });
  fc.assert(
    fc.property(hours, several, fc.integer({ min: 54 * YEAR_MS, max: 60 * YEAR_MS }), (quiet, zones, atMs) =>
      expectSpan(quiet, zones, atMs),
    ),
    { numRuns: 100 },
  );
  // 7 ms before the last of them turns quiet.
  expectSpan({ from: '00:00', to: '00:01' }, ['Africa/Abidjan', 'Pacific/Marquesas'], 1_797_551_999_993);
});

test('no zone is never open, and neither is a country that is never awake as a whole', () => {
  expect(spanOf({ from: '21:00', to: '09:00' }, [], 1e12)).toBeUndefined();
  expect(spanOf({ from: '20:00', to: '10:00' }, zonesOfNumber('+79161234567'), 1.8e12)).toBeUndefined();
});

test('a number tells its country, and a number of nowhere tells nothing', () => {
  expect(zonesOfNumber('+4915112345678')).toContain('Europe/Berlin');
  expect(zonesOfNumber('+14165550101')).toContain('America/Toronto');
  expect(zonesOfNumber('+14165550101')).not.toContain('America/Los_Angeles');
  expect(zonesOfNumber('+16505551234')).toEqual(
    expect.arrayContaining(['America/New_York', 'Pacific/Honolulu']),
  );
  for (const nowhere of ['+8821612345678', '+19995550000']) expect(zonesOfNumber(nowhere)).toEqual([]);
});

test('lanes begin within five seconds of each other, and spread over them', () => {
  const jitters = Array.from({ length: 1_000 }, (_, i) => jitterMs(`s${i}`));
  expect(Math.max(...jitters)).toBeLessThan(5_000);
  const perSecond = [0, 1, 2, 3, 4].map((s) => jitters.filter((ms) => Math.floor(ms / 1_000) === s).length);
  expect(Math.min(...perSecond)).toBeGreaterThan(140);
  expect(jitterMs('s1')).toBe(jitterMs('s1'));
});
