// How far ahead a lane asks: as far as the slowest of its last takes, within bounds.
import { expect, test } from 'vitest';
import { Lead } from '../../workers/dispatch/lead.ts';

test('quick takes leave it at its least; a slow one raises it at once; it is forgotten by and by', () => {
  const lead = new Lead();
  for (let i = 0; i < 50; i++) lead.observe(2);
  const least = lead.ms;
  expect(least).toBe(10);
  lead.observe(30);
  expect(lead.ms).toBe(30);
  lead.observe(2);
  expect(lead.ms).toBeGreaterThan(28);
  for (let i = 0; i < 13; i++) lead.observe(2);
  expect(lead.ms).toBeGreaterThan(18);
  expect(lead.ms).toBeLessThan(21);
  for (let i = 0; i < 200; i++) lead.observe(2);
  expect(lead.ms).toBeCloseTo(least, 1);
});

test('a frozen process does not ask a lifetime ahead', () => {
  const lead = new Lead();
  lead.observe(60_000);
  expect(lead.ms).toBe(40);
  lead.observe(Number.NEGATIVE_INFINITY);
  expect(lead.ms).toBeLessThan(40);
});
