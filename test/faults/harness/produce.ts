// Kafka stores what was produced and its answer is lost, or the connection drops within the request, while twenty accepts overlap: what was
// acknowledged is there, and each accept makes one job.
import { systemClock as clock } from '../../../src/base/clock.ts';
import { bulk } from '../../support/client.ts';
import { seededRandom } from '../../support/dice.ts';
import type { ProduceLoss } from '../../support/kafka-proxy.ts';
import { until } from '../../support/until.ts';
import type { Verdict } from './check.ts';
import { runCourse } from './course.ts';
import type { Fleet } from './fleet.ts';
import type { History } from './history.ts';
import { BY_ITSELF, type NamedOptions } from './options.ts';
import { postOne } from './posting.ts';

const LOSSES: ProduceLoss[] = ['reply', 'connection'];
const OVERLAPPING = 20;
const ROWS = 2;
const FIRST = 2_000_000;
/** Waves that go at once: a reply that never comes is waited for for seconds. */
const WAVES = 3;
const LOST_MS = 30_000;

export function produce({ seed, folder, rounds, kafka }: NamedOptions): Promise<Verdict> {
  return runCourse({
    seed,
    folder,
    kafka,
    ...BY_ITSELF,
    rows: ROWS,
    patienceMs: 300_000,
    throughput: 1_000,
    latencyMs: 20,
    also: (fleet, history) => lose(fleet, history, seed, rounds),
  });
}

async function lose(fleet: Fleet, history: History, seed: number, rounds: number): Promise<Partial<Verdict>> {
  const random = seededRandom(seed);
  const figures: Record<string, number> = {};
  const all = Array.from({ length: rounds * LOSSES.length }, (_, i) => LOSSES[i % LOSSES.length] ?? 'reply');
  let wave = 0;
  const client = async (): Promise<void> => {
    for (let own = wave++; own < all.length; own = wave++) {
      const loss = all[own] ?? 'reply';
      fleet.kafka?.lose('.jobs', loss);
      // Nothing that was called is touched: nothing may be unknown.
      history.add('faults', { at: clock.now(), kind: loss, target: 'kafka', sending: 0 });
      const post = (_: unknown, i: number) => {
        const first = FIRST + (own * OVERLAPPING + i) * ROWS;
        return postOne(fleet, history, { first, count: ROWS, message: bulk(ROWS, {}, first), random });
      };
      await Promise.all(Array.from({ length: OVERLAPPING }, post));
      figures[`lost: ${loss}`] = (figures[`lost: ${loss}`] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: WAVES }, client));
  await until(() => fleet.kafka?.lost(), { what: 'every loss has happened', timeoutMs: LOST_MS });
  return { figures: { ...figures, accepts: all.length * OVERLAPPING } };
}
