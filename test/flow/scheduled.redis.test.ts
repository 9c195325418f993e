// A job for later: nothing before its time, everything soon after.
import { expect, test } from 'vitest';
import { bulk } from '../support/client.ts';
import { servedStage } from '../support/stage.ts';

const RECIPIENTS = 30;
const IN_MS = 2_000;
/** BullMQ's delays are up to 400 ms late, which turns begin early for; the rest is a busy machine. */
const LATE_MAX_MS = 1_500;
const served = servedStage();

test('send_at in two seconds', async () => {
  const sendAtMs = Date.now() + IN_MS;
  const job = await served.service.api.send(bulk(RECIPIENTS, { send_at: new Date(sendAtMs).toISOString() }));
  expect(['accepted', 'scheduled']).toContain(job.status);
  const done = await served.service.api.completed(job.id);
  expect(done.counts.accepted).toBe(RECIPIENTS);
  const times = (await served.stage.platform.arrivals()).map(({ at }) => Date.parse(at) - sendAtMs);
  expect(Math.min(...times)).toBeGreaterThanOrEqual(0);
  expect(Math.min(...times)).toBeLessThanOrEqual(LATE_MAX_MS);
});
