// Whether messages go, as the platform sees it.
import { until } from '../../support/until.ts';
import type { Fleet } from './fleet.ts';

/** After any fault messages go again within this. */
export const PROGRESS_MS = 30_000;

export const takenOf = async ({ stage }: Fleet): Promise<number> =>
  (await stage.platform.ledger()).totals.taken;

/** Resolves with how long it took until another message was accepted, ms. */
export async function anotherTaken(fleet: Fleet, timeoutMs = 2 * PROGRESS_MS): Promise<number> {
  const startedAt = performance.now();
  const before = await takenOf(fleet);
  await until(async () => (await takenOf(fleet)) > before, { what: 'a message', timeoutMs });
  return performance.now() - startedAt;
}
