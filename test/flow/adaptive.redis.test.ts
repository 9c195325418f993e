// A number configured for 80 a second, and a platform that takes 60 of it: within 30 s the sender settles just under what is taken, nothing
// is lost, and when the platform takes 80 again it finds its way back.
import { expect, test } from 'vitest';
import { bulk } from '../support/client.ts';
import type { Arrival } from '../support/platform.ts';
import { numberOf, servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const CONFIGURED = 80;
const TAKEN = 60;
/** Enough for the way down, the way back (probes every 10 s, each twice the last: a minute) and a stretch at the full rate. */
const RECIPIENTS = 6_200;
const SETTLED_MS = 20_000;
const BY_MS = 30_000;
const BACK_MS = 80_000;
/** Within 5 % under what is taken. */
const SHARE = 0.95;
const served = servedStage({ senders: [{ id: 's1', throughput: CONFIGURED }] });

/** Messages per second that the platform took between two moments of its clock (unix ms). */
function rate(arrivals: readonly Arrival[], fromMs: number, toMs: number): number {
  const within = arrivals.filter(
    ({ at, taken }) => taken && Date.parse(at) >= fromMs && Date.parse(at) < toMs,
  );
  return (within.length * 1_000) / (toMs - fromMs);
}

test('down to what is taken, and back up', { timeout: 180_000 }, async () => {
  const { platform } = served.stage;
  /** What the number may send for now, by its own account; null: all that is configured. */
  const cap = async (): Promise<number | null> => {
    const path = '/v1/senders/s1/limits';
    const { data } = await served.service.api.get<{ data: { name: string; cap: number | null }[] }>(path);
    return data.find(({ name }) => name === 'meta.throughput')?.cap ?? null;
  };
  const taken = async (): Promise<number> => (await platform.ledger()).totals.taken;
  await platform.number(numberOf('s1'), { throughput: TAKEN });
  const { id } = await served.service.api.send(bulk(RECIPIENTS));
  await until(taken, { what: 'the first message' });
  const startMs = Date.now();
  await until(() => Date.now() - startMs > BY_MS, { what: '30 s under the throttle', timeoutMs: 2 * BY_MS });

  const settledAt = await cap();
  await platform.number(numberOf('s1'), { throughput: CONFIGURED });
  const freeMs = Date.now();
  await until(async () => (await cap()) === null, { what: 'the full rate again', timeoutMs: BACK_MS });
  const backMs = Date.now();

  const job = await served.service.api.completed(id, 90_000);
  expect(job.counts).toMatchObject({ accepted: RECIPIENTS, failed: 0, unknown: 0 });
  const arrivals = await platform.arrivals();
  const settled = rate(arrivals, startMs + SETTLED_MS, startMs + BY_MS);
  const refused = arrivals.filter(({ at, taken: accepted }) => !accepted && Date.parse(at) < freeMs).length;
  console.info(
    `a limit of ${settledAt} and ${settled.toFixed(1)}/s from 20 to 30 s under the throttle, ${refused} refused; the full rate ${Math.round(backMs - freeMs)} ms after it`,
  );
  // The limit itself is judged: how much of it a busy machine uses is the benchmark's matter. Never more than what is taken arrives.
  expect(settledAt).toBeGreaterThanOrEqual(SHARE * TAKEN);
  expect(settledAt).toBeLessThanOrEqual(TAKEN);
  expect(settled).toBeLessThanOrEqual(TAKEN);
  const ledger = await platform.ledger();
  expect({ taken: ledger.totals.taken, repeats: ledger.repeats }).toEqual({ taken: RECIPIENTS, repeats: 0 });
});
