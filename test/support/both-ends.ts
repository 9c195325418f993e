// What must hold when a job has ended, whatever was lost or killed on the way: read at the API and at the platform.
import { expect } from 'vitest';
import type { ItemView, JobView } from './client.ts';
import type { Arrival } from './platform.ts';

/** total = queued + sending + accepted + failed + unknown + canceled + expired + suppressed. */
export function expectSum({ counts }: JobView): void {
  const { total, queued, sending, accepted, failed, unknown, canceled, expired, suppressed } = counts;
  expect(queued + sending + accepted + failed + unknown + canceled + expired + suppressed).toBe(total);
  expect(Math.min(...Object.values(counts))).toBeGreaterThanOrEqual(0);
}

/** Counts are what the items say, and every accepted item arrived. */
export function expectAgreement(
  job: JobView,
  items: readonly ItemView[],
  arrivals: readonly Arrival[],
): void {
  expectSum(job);
  expect(items).toHaveLength(job.counts.total);
  const having = (status: string) => items.filter((item) => item.status === status).length;
  expect({ accepted: having('accepted'), failed: having('failed'), unknown: having('unknown') }).toEqual({
    accepted: job.counts.accepted,
    failed: job.counts.failed,
    unknown: job.counts.unknown,
  });
  const taken = takenPerRecipient(arrivals);
  expect(items.filter(({ status, to }) => status === 'accepted' && !taken.has(to))).toEqual([]);
  expect(items.filter(({ status, to }) => status === 'failed' && taken.has(to))).toEqual([]);
  expect([...taken].filter(([, times]) => times > 1)).toEqual([]);
}

/** How often each recipient (E.164) got a message. */
export function takenPerRecipient(arrivals: readonly Arrival[]): Map<string, number> {
  const times = new Map<string, number>();
  for (const { to, taken } of arrivals) if (to && taken) times.set(`+${to}`, (times.get(`+${to}`) ?? 0) + 1);
  return times;
}
