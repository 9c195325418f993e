// Wakes the lanes of senders whose account has changed: a limit that was raised or a sender that was resumed binds what sleeps within a
// second, without a lane having to look now and then. Every dispatch process does this when it has heard of the change itself; the
// last of them does it when all have, so a turn that another opened too early is not the last word.
import type { Sender } from '../../src/accounts/port.ts';
import { messageOf } from '../../src/base/failure.ts';
import { probeHolds } from '../../src/pacing/probe.ts';
import type { DispatchContext } from './context.ts';

type WakeContext = Pick<DispatchContext, 'redis' | 'namespace' | 'lanes' | 'tickets' | 'logger'>;

/** Tickets that are added at the same time: a change of a portfolio wakes all its senders. */
const TOGETHER = 200;

/** Never rejects. A lane that could not be woken goes on at the time it sleeps until. */
export async function wakeChanged(
  { redis, namespace, lanes, tickets, logger }: WakeContext,
  changed: readonly Sender[],
): Promise<void> {
  for (const [home, senders] of Map.groupBy(changed, (sender) => sender.home)) {
    try {
      const ids = senders.map(({ id }) => id);
      // A new token may end what the old one began.
      await probeHolds(redis, namespace, home, ids);
      const woken = await lanes.wake(home, ids);
      for (let i = 0; i < woken.length; i += TOGETHER)
        await Promise.all(
          woken.slice(i, i + TOGETHER).map(({ sender, n }) => tickets.add({ home, sender, n }, 0)),
        );
    } catch (error) {
      logger.warn('wake.failed', { home, reason: messageOf(error) });
    }
  }
}
