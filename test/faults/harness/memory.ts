// Redis loses its memory at half of 10,000 messages, and Kafka has all: emptied, a second old, or a replica promoted that had fallen behind.
// A job that was canceled before stays so, and the limit of people in 24 hours holds.
import path from 'node:path';
import { systemClock as clock } from '../../../src/base/clock.ts';
import { bulk, createClient } from '../../support/client.ts';
import { seededRandom } from '../../support/dice.ts';
import { until } from '../../support/until.ts';
import type { Verdict } from './check.ts';
import { runCourse } from './course.ts';
import { elapsed, type Fleet } from './fleet.ts';
import type { History } from './history.ts';
import { BY_ITSELF, type NamedOptions } from './options.ts';
import { postOne, SENDERS } from './posting.ts';
import { anotherTaken, takenOf } from './progress.ts';

const ROWS = 1_000;
const JOBS = 10;
const PER_SECOND = 250;
/** People in 24 hours, at first: the loss comes before it binds. */
const TIER = 7_000;
const PORTFOLIO = 'bm';
const FIRST = 2_000_000;
/** A person whose number no job of the course has. */
const OTHERS = 7_000_000;
const AGE_MS = 1_000;
const BACK_MS = 60_000;
/** Calls whose outcome nobody could bring home: those under way, and those of the last moments before the loss. */
const UNKNOWN_MAX = 2 * PER_SECOND;
/** A changed limit binds every process within this. */
const BINDS_MS = 2_000;
/** Calls that are under way, or are made at once, have ended. */
const UNDER_WAY_MS = 1_000;
/** What was on its way arrives within this. */
const STANDS_MS = 3_000;

interface Loss {
  /** From now on Redis' memory grows old. */
  age(): Promise<void>;
  lose(): Promise<void>;
}

/** Prepared at the start of the course. */
const LOSSES: Record<string, (fleet: Fleet) => Promise<Loss>> = {
  emptied: async ({ redis }) => ({
    age: async () => {},
    lose: async () => void (await redis.redis.client.flushall()),
  }),
  'a second old': async ({ redis }) => {
    let copy = '';
    return {
      age: async () => {
        copy = await redis.copy();
      },
      lose: async () => {
        await redis.kill();
        await redis.start(copy);
      },
    };
  },
  'a stale replica': async ({ redis }) => {
    const replica = await redis.replica();
    return { age: replica.cut, lose: replica.promote };
  },
};

export async function memory({ seed, folder, rounds, kafka, only }: NamedOptions): Promise<Verdict> {
  const all: Verdict = { violations: [], figures: {} };
  const losses = Object.entries(LOSSES).filter(([name]) => name.includes(only));
  for (let round = 0; round < rounds; round += 1)
    for (const [name, loss] of losses) {
      const own = path.join(folder, `${name.replaceAll(' ', '-')}-${round}`);
      const { violations, figures } = await runCourse({
        seed: seed + round,
        folder: own,
        kafka,
        ...BY_ITSELF,
        rows: ROWS,
        patienceMs: 120_000,
        throughput: PER_SECOND,
        latencyMs: 50,
        portfolio: PORTFOLIO,
        env: { SLUICE_ON_MEMORY_LOSS: 'rebuild' },
        also: (fleet, history) => loseAtHalf(fleet, history, name, loss),
      });
      all.violations.push(...violations.map((what) => `${name}, round ${round}: ${what}`));
      gather(all.figures, figures);
    }
  return all;
}

/** Adds them up; of times the longest. */
function gather(all: Record<string, number>, figures: Record<string, number>): void {
  for (const [name, figure] of Object.entries(figures))
    all[name] = name.includes('(ms') ? Math.max(all[name] ?? 0, figure) : (all[name] ?? 0) + figure;
}

const apiOf = (fleet: Fleet) => createClient(fleet.urls()[0] ?? '');

async function loseAtHalf(
  fleet: Fleet,
  history: History,
  name: string,
  prepare: (fleet: Fleet) => Promise<Loss>,
): Promise<Partial<Verdict>> {
  const violations: string[] = [];
  const loss = await prepare(fleet);
  await apiOf(fleet).patch(`/v1/portfolios/${PORTFOLIO}`, { messaging_limit: TIER });
  const canceled = await cancelOne(fleet, history);
  await elapsed(BINDS_MS);
  await Promise.all(Array.from({ length: JOBS }, (_, i) => postRows(fleet, history, i)));
  const half = (JOBS * ROWS) / 2;
  const taken = async (count: number) =>
    until(async () => (await takenOf(fleet)) >= count, { what: `${count} messages`, timeoutMs: 120_000 });
  await taken(half - (2 * PER_SECOND * AGE_MS) / 1_000);
  await loss.age();
  await elapsed(AGE_MS);
  await taken(half);
  const lostAt = performance.now();
  await loss.lose();
  history.add('faults', { at: clock.now(), kind: name, target: 'redis', sending: UNKNOWN_MAX });
  await elapsed(UNDER_WAY_MS);
  await anotherTaken(fleet, 2 * BACK_MS);
  const backMs = Math.round(performance.now() - lostAt);
  if (backMs > BACK_MS) violations.push(`sending again only after ${backMs} ms`);
  if ((await statusOf(fleet, canceled)) !== 'canceled') violations.push('a canceled job is not');
  violations.push(...(await expectTier(fleet)));
  await until(() => apiOf(fleet).patch(`/v1/portfolios/${PORTFOLIO}`, { messaging_limit: 'unlimited' }), {
    what: 'the limit is lifted',
    timeoutMs: BACK_MS,
  });
  return { violations, figures: { [`${name}: sending again (ms, the longest)`]: backMs, [name]: 1 } };
}

function postRows(fleet: Fleet, history: History, i: number): Promise<unknown> {
  const first = FIRST + i * ROWS;
  const message = bulk(ROWS, { sender: SENDERS[i % SENDERS.length] }, first);
  return postOne(fleet, history, { first, count: ROWS, message, random: seededRandom(i) });
}

/** One that would begin in an hour. */
async function cancelOne(fleet: Fleet, history: History): Promise<string> {
  const message = bulk(50, { send_at: new Date(clock.now() + 3_600_000).toISOString() }, OTHERS);
  const random = seededRandom(1);
  const id = (await postOne(fleet, history, { first: OTHERS, count: 50, message, random })) ?? '';
  await until(async () => (await apiOf(fleet).act(id, 'cancel')).status === 200, { what: 'it is canceled' });
  await until(async () => (await statusOf(fleet, id)) === 'canceled', { what: 'the job is canceled' });
  return id;
}

/** While Redis is not right, nothing is found. */
const statusOf = async (fleet: Fleet, id: string): Promise<string> =>
  (await until(() => apiOf(fleet).job(id), { what: `${id} is found`, timeoutMs: BACK_MS })).status;

/** Everybody who got a message, or may have, is counted; when as many are counted as may be, nobody gets any more. */
async function expectTier(fleet: Fleet): Promise<string[]> {
  interface Limits {
    data: { name: string; count: number; used: number }[];
  }
  const full = async (): Promise<boolean> => {
    const { data } = await apiOf(fleet).get<Limits>('/v1/senders/s1/limits');
    const tier = data.find(({ name }) => name === 'meta.messaging_limit');
    return tier !== undefined && tier.used >= TIER;
  };
  await until(full, { what: 'the limit of 24 hours binds', timeoutMs: 120_000 });
  await elapsed(STANDS_MS);
  const people = await takenOf(fleet);
  return people > TIER ? [`${people} people in 24 hours, and ${TIER} may be`] : [];
}
