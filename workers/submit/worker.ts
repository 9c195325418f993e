// The station of submissions: templates that wait for their place in the account's hour go to the platform, one call each, and their jobs end. A call
// whose answer was lost is made again: the platform refuses what it has already, and tells its id when it is asked.
import { messageOf } from '../../src/base/failure.ts';
import type { Service } from '../../src/base/service.ts';
import type { Submission } from '../../src/ledger/submissions.ts';
import type { SubmitOptions } from './options.ts';
import { step } from './step.ts';

/** What is due is seen within this. */
const LOOK_MS = 200;
/** Calls under way of one process. */
const TOGETHER = 8;
/** Files that nobody takes away are looked for this often. */
const SWEEP_MS = 600_000;
/** What went wrong here is tried again after this. */
const STUMBLED_MS = 5_000;

export function createSubmit(options: SubmitOptions): Service {
  const { clock, logger, submissions } = options;
  const stopping = new AbortController();
  const open = new Set<Promise<void>>();
  let loop: Promise<void> | undefined;
  const work = async (one: Submission): Promise<void> => {
    try {
      await step(options, one);
    } catch (error) {
      logger.warn('submission.delayed', { job: one.job, reason: messageOf(error) });
      await submissions.later(one, clock.now() + STUMBLED_MS).catch(() => {});
    }
  };
  const look = async (): Promise<void> => {
    const taken = open.size < TOGETHER ? await submissions.take(TOGETHER - open.size) : [];
    for (const one of taken) {
      const working = work(one).finally(() => open.delete(working));
      open.add(working);
    }
  };
  const run = async (): Promise<void> => {
    for (let sweptUs = Number.NEGATIVE_INFINITY; !stopping.signal.aborted; ) {
      if (clock.monotonicUs() > sweptUs + SWEEP_MS * 1_000) {
        sweptUs = clock.monotonicUs();
        await options.media
          .sweep()
          .catch((error) => logger.warn('media.delayed', { reason: messageOf(error) }));
      }
      await look().catch((error) => logger.warn('submissions.delayed', { reason: messageOf(error) }));
      await clock.delay(LOOK_MS, stopping.signal);
    }
  };
  return {
    name: 'submit',
    start: async () => {
      loop = run();
    },
    stop: async () => {
      stopping.abort();
      await loop;
      await Promise.all(open);
    },
  };
}
