// The client of a course: posts jobs, each with one key to whichever API there is until one says 202, and writes down what it was told.
import { randomUUID } from 'node:crypto';
import { systemClock as clock } from '../../../src/base/clock.ts';
import { bulk, createClient } from '../../support/client.ts';
import { seededRandom } from '../../support/dice.ts';
import { until } from '../../support/until.ts';
import { elapsed, type Fleet } from './fleet.ts';
import type { History } from './history.ts';
import type { CourseOptions } from './options.ts';

export const SENDERS = ['s1', 's2'];
const CLIENTS = 4;
const FIRST = 2_000_000;
const RETRY_MS = 200;
/** A job that was accepted is counted within this. */
const FEED_GAP_MS = 500;
/** A course that stands still for so long has failed. */
const FEED_PATIENCE_MS = 300_000;

/** `beside` ends a feed. */
export async function post(
  fleet: Fleet,
  history: History,
  options: CourseOptions,
  beside: Promise<unknown> | undefined,
): Promise<void> {
  const { jobs, rows, postingMs, seed, body = {} } = options;
  const random = seededRandom(seed + 1);
  const startedAt = performance.now();
  let next = 0;
  let over = false;
  const enough = (): void => {
    over = true;
  };
  if (postingMs === 'feed') beside?.then(enough, enough);
  const client = async (): Promise<void> => {
    while (next < jobs && !over) {
      const i = next;
      next += 1;
      if (postingMs !== 'feed')
        await elapsed(Math.max(0, (i / jobs) * postingMs - (performance.now() - startedAt)));
      const first = FIRST + i * rows;
      const sender = SENDERS[i % SENDERS.length];
      await postOne(fleet, history, {
        first,
        count: rows,
        message: bulk(rows, { sender, ...body }, first),
        random,
      });
      if (postingMs !== 'feed') continue;
      await elapsed(FEED_GAP_MS);
      const hungry = async () => over || (await fleet.queued()) < 2 * rows;
      await until(hungry, { what: 'few messages wait', timeoutMs: FEED_PATIENCE_MS });
    }
  };
  await Promise.all(Array.from({ length: postingMs === 'feed' ? 1 : CLIENTS }, client));
}

export interface Order {
  /** A new one by default. */
  key?: string;
  /** Recipients are numbered from here on. */
  first: number;
  count: number;
  message: Record<string, unknown>;
  random: () => number;
}

/** Resolves with the job once it was accepted. */
export async function postOne(fleet: Fleet, history: History, order: Order): Promise<string | undefined> {
  const { key = randomUUID(), first, count, message, random } = order;
  for (;;) {
    const urls = fleet.urls();
    const url = urls[Math.floor(random() * urls.length)];
    const line = { key, first, count };
    if (url !== undefined) {
      const answer = await createClient(url)
        .post(message, key)
        .catch((error: Error & { cause?: { code?: string } }) => error);
      const at = clock.now();
      if (answer instanceof Error) {
        const refused = (answer.cause as { code?: string } | undefined)?.code === 'ECONNREFUSED';
        history.add('client', { at, ...line, status: 0, ...(refused ? { refused: true as const } : {}) });
      } else {
        const job = answer.body.job?.id;
        history.add('client', { at, ...line, status: answer.status, ...(job ? { job } : {}) });
        if (answer.status === 202) return job;
      }
    }
    await elapsed(RETRY_MS);
  }
}
