// A job spread over time leaves evenly: each message close to its own due time, and another job of the sender is in nobody's way.
import { expect, test } from 'vitest';
import { bulk } from '../support/client.ts';
import type { Arrival } from '../support/platform.ts';
import { servedStage } from '../support/stage.ts';

/** The promise is half a second where the limit is free (160 ms when the machine is); the rest is a machine with fifteen busy programs. */
const LATE_MAX_MS = 1_500;
const [FAST, SLOW, OTHER] = [3_000_000, 4_000_000, 5_000_000];
const served = servedStage();

/** How late each message of the list that starts at `first` was, against start + spread × i / n. */
function lateness(
  arrivals: readonly Arrival[],
  first: number,
  count: number,
  startMs: number,
  spreadMs: number,
) {
  return arrivals.flatMap(({ to, at }) => {
    const index = Number(to?.slice(4)) - first;
    return index >= 0 && index < count ? Date.parse(at) - startMs - (spreadMs * index) / count : [];
  });
}

test('40 over 4 s and 4 over 8 s, beside a job that goes at once', async () => {
  const { api } = served.service;
  const fast = await api.send(bulk(40, { spread: '4s' }, FAST));
  const slow = await api.send(bulk(4, { spread: '8s' }, SLOW));
  const other = await api.send(bulk(500, {}, OTHER));
  expect((await api.completed(other.id)).counts.accepted).toBe(500);
  for (const { id } of [fast, slow]) await api.completed(id);
  const arrivals = await served.stage.platform.arrivals();
  for (const [job, first, count, spreadMs] of [
    [fast, FAST, 40, 4_000],
    [slow, SLOW, 4, 8_000],
  ] as const) {
    const late = lateness(arrivals, first, count, Date.parse(job.created_at), spreadMs);
    console.info(
      `${count} over ${spreadMs} ms: ${Math.min(...late).toFixed(0)} to ${Math.max(...late).toFixed(0)} ms late`,
    );
    expect(late).toHaveLength(count);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...late)).toBeLessThan(LATE_MAX_MS);
  }
});
