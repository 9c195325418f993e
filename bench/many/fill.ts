// Many small jobs through the real API, several at a time.
import { messagesOf } from '../payloads.ts';
import type { Sluice } from '../sluice.ts';

const POSTS_AT_ONCE = 16;

export interface Load {
  jobs: number;
  senders: number;
  perJob: number;
}

/** Job n goes to sender n modulo `senders`; no sender's recipients repeat. The ids, in order. */
export async function fill(sluice: Pick<Sluice, 'post'>, { jobs, senders, perJob }: Load): Promise<string[]> {
  return inParallel(jobs, (n) => {
    const sender = n % senders;
    return sluice.post(sender, messagesOf(sender, Math.floor(n / senders) * perJob, perJob));
  });
}

export async function wrongCounts(
  sluice: Pick<Sluice, 'counts'>,
  jobs: readonly string[],
  perJob: number,
): Promise<string[]> {
  const counts = await inParallel(jobs.length, (n) => sluice.counts(jobs[n] ?? ''));
  return counts.flatMap(({ accepted }, n) =>
    accepted === perJob ? [] : [`job ${jobs[n]}: ${accepted} accepted, should be ${perJob}`],
  );
}

async function inParallel<T>(count: number, task: (n: number) => Promise<T>): Promise<T[]> {
  const results = new Array<T>(count);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) results[n] = await task(n);
  };
  await Promise.all(Array.from({ length: POSTS_AT_ONCE }, work));
  return results;
}
