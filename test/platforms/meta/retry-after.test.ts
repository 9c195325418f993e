// Every way in which a platform says when to come back, in milliseconds from now.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { askedMs } from '../../../src/platforms/meta/retry-after.ts';

const NOW = Date.parse('2026-11-22T10:00:00.000Z');
const DAY_MS = 86_400_000;
const usage = (...minutes: number[]): string =>
  JSON.stringify({
    102: minutes.map((estimated_time_to_regain_access) => ({
      type: 'whatsapp',
      estimated_time_to_regain_access,
    })),
  });

describe('what is asked for', () => {
  test.each<[string, Record<string, string | string[]>, number | undefined]>([
    ['nothing', {}, undefined],
    ['seconds', { 'retry-after': '30' }, 30_000],
    ['a fraction of a second', { 'retry-after': '0.25' }, 250],
    ['spaces around it', { 'retry-after': ' 5 ' }, 5_000],
    ['given twice: the first', { 'retry-after': ['3', '9'] }, 3_000],
    ['zero says nothing', { 'retry-after': '0' }, undefined],
    ['less than zero', { 'retry-after': '-5' }, undefined],
    ['no number', { 'retry-after': 'soon' }, undefined],
    ['more than a day', { 'retry-after': '99999999999999999999' }, DAY_MS],
    ['a date', { 'retry-after': 'Sun, 22 Nov 2026 10:00:07 GMT' }, 7_000],
    ['a date of RFC 850', { 'retry-after': 'Sunday, 22-Nov-26 10:00:07 GMT' }, 7_000],
    ['a date of asctime, which is GMT', { 'retry-after': 'Sun Nov 22 10:00:07 2026' }, 7_000],
    ['a date that is over', { 'retry-after': 'Sun, 22 Nov 2026 09:59:00 GMT' }, undefined],
    [
      'a date on a clock that is an hour ahead',
      { 'retry-after': 'Sun, 22 Nov 2026 11:00:07 GMT', date: 'Sun, 22 Nov 2026 11:00:00 GMT' },
      7_000,
    ],
    ['a reset in unix seconds', { 'x-ratelimit-reset': String(NOW / 1_000 + 12) }, 12_000],
    ['a reset in unix milliseconds', { 'x-ratelimit-reset': String(NOW + 1_234) }, 1_234],
    ['a reset in seconds from now', { 'x-ratelimit-reset': '40' }, 40_000],
    ['a reset that is over', { 'x-ratelimit-reset': String(NOW - 1) }, undefined],
    ['retry-after before reset', { 'retry-after': '2', 'x-ratelimit-reset': '40' }, 2_000],
    ['minutes of the usage header', { 'x-business-use-case-usage': usage(3) }, 180_000],
    ['the longest of several accounts', { 'x-business-use-case-usage': usage(0, 7, 2) }, 420_000],
    ['no minutes left', { 'x-business-use-case-usage': usage(0) }, undefined],
  ])('%s', (_name, headers, expected) => {
    expect(askedMs(headers, NOW)).toBe(expected);
  });

  test('whatever a header says: nothing, or above 0 and at most a day', () => {
    const value = fc.oneof(
      fc.string(),
      fc.double().map(String),
      fc.integer().map(String),
      fc.date().map(String),
    );
    const names = ['retry-after', 'x-ratelimit-reset', 'x-business-use-case-usage', 'date'];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), value), (headers) => {
        const ms = askedMs(headers, NOW);
        expect(ms === undefined || (ms > 0 && ms <= DAY_MS)).toBe(true);
      }),
    );
  });
});
