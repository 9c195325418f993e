import fc from 'fast-check';
import { expect, test } from 'vitest';
import { normalisePhone } from '../../src/contract/phone.ts';

test.each([
  ['+16505551234', '+16505551234'],
  ['+1 (650) 555-1234', '+16505551234'],
  ['001 650.555.1234', '+16505551234'],
  ['16505551234', '+16505551234'],
  ['5511987654321', '+5511987654321'],
  ['(+44) 20 7946 0958', '+442079460958'],
  ['+1234567', '+1234567'],
  ['+123456789012345', '+123456789012345'],
])('%s is %s', (text, number) => {
  expect(normalisePhone(text)).toBe(number);
});

test.each([
  ['', 'nothing'],
  ['+', 'no digit'],
  ['+123456', 'six digits'],
  ['+1234567890123456', 'sixteen digits'],
  ['+0123456789', 'a country code that starts with 0'],
  ['6505551234', 'a national number, ten digits'],
  ['06505551234', 'a national number with its 0'],
  ['000123456789', 'two prefixes'],
  ['+0016505551234', 'two prefixes'],
  ['1+6505551234', 'a plus inside'],
  ['++16505551234', 'two pluses'],
  ['+1650555123a', 'a letter'],
  ['+1650555１２３４', 'digits of another script'],
  ['+16505551234 ext. 5', 'an extension'],
])('%s is none: %s', (text) => {
  expect(normalisePhone(text)).toBeUndefined();
});

test('a megabyte of spaces is none', () => {
  expect(normalisePhone(`+1650555${' '.repeat(1_000_000)}1234`)).toBeUndefined();
});

const numbers = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.stringMatching(/^\d{6,14}$/))
  .map(([first, rest]) => `${first}${rest}`);
const punctuation = fc.constantFrom('', '', '', ' ', '-', '.', '(', ')');

test('however a number is punctuated and prefixed, it comes out the same, and stays', () => {
  fc.assert(
    fc.property(
      numbers,
      fc.constantFrom('+', '00'),
      fc.array(punctuation, { minLength: 15, maxLength: 15 }),
      (digits, prefix, between) => {
        const text = prefix + [...digits].map((digit, i) => digit + (between[i] ?? '')).join('');
        expect(normalisePhone(text)).toBe(`+${digits}`);
        expect(normalisePhone(`+${digits}`)).toBe(`+${digits}`);
      },
    ),
  );
});

test('whatever comes in, what comes out is E.164 or nothing', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[+0-9 ().-]{0,30}$/)), (text) => {
      expect(normalisePhone(text) ?? '+1234567').toMatch(/^\+[1-9]\d{6,14}$/);
    }),
    { numRuns: 1_000 },
  );
});
