import { expect, test } from 'vitest';
import { serialSource, wamidOf } from '../../sandbox/meta/wamid.ts';

const PUBLISHED = 'wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBJCOTY3NDc0NDFDRUI3NTA0Q0UA';

test('the published sample is minted byte for byte from its number and its digits', () => {
  expect(wamidOf('16503879439', 'B96747441CEB7504CE')).toBe(PUBLISHED);
});

test('the bytes are those of the recipe', () => {
  const bytes = Buffer.from(wamidOf('4917012345678', '0123456789ABCDEF01').slice('wamid.'.length), 'base64');
  const digits = Buffer.from('4917012345678').toString('hex');
  const serial = Buffer.from('0123456789ABCDEF01').toString('hex');
  expect(bytes.toString('hex')).toBe(`1c180d${digits}150200111812${serial}00`);
});

test('serials are 18 upper-case hex digits and never repeat', () => {
  const next = serialSource();
  const serials = Array.from({ length: 1000 }, next);
  expect(serials.every((serial) => /^[0-9A-F]{18}$/.test(serial))).toBe(true);
  expect(new Set(serials).size).toBe(serials.length);
});
