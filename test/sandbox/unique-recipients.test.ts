import { expect, test } from 'vitest';
import { UniqueRecipients } from '../../sandbox/judge/unique-recipients.ts';
import { errorOf, openSandbox, textTo } from './client.ts';

const HOUR_US = 3600 * 1_000_000;
const HOUR_MS = 3_600_000;

test('a person counts for 24 h after the last send, not after the first', () => {
  const unique = new UniqueRecipients();
  unique.accepted(1, 0);
  unique.accepted(2, 1 * HOUR_US);
  unique.accepted(1, 10 * HOUR_US);
  expect(unique.countAt(25 * HOUR_US - 1)).toBe(2);
  expect(unique.countAt(25 * HOUR_US)).toBe(1);
  expect(unique.countAt(34 * HOUR_US - 1)).toBe(1);
  expect(unique.countAt(34 * HOUR_US)).toBe(0);
  expect(unique.highest).toBe(2);
});

test('somebody who is counted already is never one too many', () => {
  const unique = new UniqueRecipients();
  unique.accepted(1, 0);
  expect(unique.exceeds(1, 1, 1)).toBe(false);
  expect(unique.exceeds(2, 1, 1)).toBe(true);
  expect(unique.exceeds(2, 24 * HOUR_US, 1)).toBe(false);
});

test('over HTTP: numbers of one portfolio share the tier, and virtual hours free it', async () => {
  const sandbox = await openSandbox();
  await sandbox.control('PUT', 'portfolios/bm', { limit: 2 });
  await sandbox.control('PUT', 'numbers/1', { portfolio: 'bm' });
  await sandbox.control('PUT', 'numbers/2', { portfolio: 'bm' });
  expect((await sandbox.send(textTo('+16505550001'), '1')).status).toBe(200);
  expect((await sandbox.send(textTo('+16505550002'), '2')).status).toBe(200);
  const refused = await sandbox.send(textTo('+16505550003'), '1');
  expect([refused.status, errorOf(refused).code]).toEqual([400, 131048]);
  expect((await sandbox.send(textTo('+16505550002'), '1')).status).toBe(200);

  await sandbox.control('PUT', 'settings', { clock_offset_ms: 23 * HOUR_MS });
  expect((await sandbox.send(textTo('+16505550001'), '1')).status).toBe(200);
  expect(errorOf(await sandbox.send(textTo('+16505550003'), '1')).code).toBe(131048);
  await sandbox.control('PUT', 'settings', { clock_offset_ms: 25 * HOUR_MS });
  expect((await sandbox.send(textTo('+16505550003'), '1')).status).toBe(200);
  expect(errorOf(await sandbox.send(textTo('+16505550004'), '1')).code).toBe(131048);
  await sandbox.control('PUT', 'portfolios/bm', { limit: 'unlimited' });
  expect((await sandbox.send(textTo('+16505550004'), '1')).status).toBe(200);

  const report = await sandbox.report();
  expect(report.violations).toEqual({ total: 3, throughput: 0, window: 0, pair: 0, unique: 3 });
  expect(report.portfolios.bm).toEqual({
    limit: 'unlimited',
    unique_24h: 3,
    highest_unique_24h: 3,
    violations: 3,
  });
});
