// Many clients with one key and one body at the same time, and in every third round an API process dies meanwhile: one job for the key.
import { randomUUID } from 'node:crypto';
import { bulk } from '../../support/client.ts';
import { seededRandom } from '../../support/dice.ts';
import { until } from '../../support/until.ts';
import type { Verdict } from './check.ts';
import { runCourse } from './course.ts';
import { elapsed, type Fleet } from './fleet.ts';
import type { History } from './history.ts';
import { BY_ITSELF, type NamedOptions } from './options.ts';
import { postOne } from './posting.ts';
import { PROGRESS_MS } from './progress.ts';
import { strike } from './schedule.ts';

const CLIENTS = 200;
const ROWS = 3;
const FIRST = 2_000_000;
const KILL_EVERY = 3;
/** It dies so long after the first post at most, ms. */
const KILL_WITHIN_MS = 150;

export function oneKey({ seed, folder, rounds, kafka }: NamedOptions): Promise<Verdict> {
  return runCourse({
    seed,
    folder,
    kafka,
    ...BY_ITSELF,
    rows: ROWS,
    patienceMs: 120_000,
    throughput: 100,
    latencyMs: 50,
    also: (fleet, history) => crowd(fleet, history, seed, rounds),
  });
}

async function crowd(
  fleet: Fleet,
  history: History,
  seed: number,
  rounds: number,
): Promise<Partial<Verdict>> {
  const random = seededRandom(seed);
  let kills = 0;
  let single = 0;
  for (let round = 0; round < rounds; round += 1) {
    const first = FIRST + round * ROWS;
    const order = { key: randomUUID(), first, count: ROWS, message: bulk(ROWS, {}, first), random };
    const posts = Array.from({ length: CLIENTS }, () => postOne(fleet, history, order));
    if (round % KILL_EVERY === 0) {
      await elapsed(random() * KILL_WITHIN_MS);
      await fleet.strike(strike('api', 'kill', { which: kills }));
      kills += 1;
    }
    if (new Set(await Promise.all(posts)).size === 1) single += 1;
    // The next kill finds both there again.
    if (round % KILL_EVERY === KILL_EVERY - 1)
      await until(() => fleet.urls().length === 2, { what: 'both serve', timeoutMs: PROGRESS_MS });
  }
  return { figures: { 'API processes killed': kills, [`one job for ${CLIENTS} clients`]: single } };
}
