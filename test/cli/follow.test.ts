// A job is followed within what the key may ask.
import { expect, test } from 'vitest';
import { followJob } from '../../src/cli/client/follow.ts';
import type { LiveLine } from '../../src/cli/terminal/live-line.ts';
import { ApiProblem, type Client } from '../../src/client/client.ts';
import type { Job } from '../../src/contract/job.ts';
import { createHandClock } from '../support/hand-clock.ts';

const line = { show: () => {}, end: () => {} } as unknown as LiveLine;
const jobOf = (status: string, queued: number): Job =>
  ({
    id: 'job_1',
    status,
    created_at: '2026-01-01T00:00:00.000Z',
    updated_at: '2026-01-01T00:00:09.000Z',
    counts: { total: 9, queued, sending: 0 },
    hold: null,
  }) as unknown as Job;

/** Lets the clock run until the promise is settled. */
async function run<T>(clock: ReturnType<typeof createHandClock>, work: Promise<T>): Promise<T> {
  let open = true;
  const end = (): void => {
    open = false;
  };
  work.then(end, end);
  while (open) {
    await new Promise((next) => setImmediate(next));
    clock.pass(50_000);
  }
  return work;
}

test('a minute of 429 is waited out as it says, and does not end it', async () => {
  const clock = createHandClock();
  const asked: number[] = [];
  const freeUs = clock.monotonicUs() + 60_000_000;
  const read = async () => {
    asked.push(clock.monotonicUs());
    if (clock.monotonicUs() < freeUs)
      throw new ApiProblem(429, { code: 'rate_limit_exceeded', retry_after: 20 });
    return { body: jobOf('completed', 0), headers: new Headers() };
  };
  const ended = await run(
    clock,
    followJob(jobOf('sending', 9), { api: { getJob: read } as unknown as Client, line, clock }),
  );
  expect(ended.status).toBe('completed');
  expect(asked.length).toBeLessThanOrEqual(5);
});

test('when half of the requests are used up it asks less often', async () => {
  const clock = createHandClock();
  let remaining = 20;
  const read = async () => {
    remaining -= 1;
    const headers = new Headers({
      'x-ratelimit-limit': '20',
      'x-ratelimit-remaining': String(Math.max(0, remaining)),
    });
    const over = clock.monotonicUs() > 15_000_000;
    return { body: jobOf(over ? 'completed' : 'sending', over ? 0 : 9), headers };
  };
  await run(
    clock,
    followJob(jobOf('sending', 9), { api: { getJob: read } as unknown as Client, line, clock }),
  );
  expect(remaining).toBeGreaterThan(0);
});
