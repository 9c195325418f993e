// Random arrivals against closing turns. What is measured, by Redis's clock, each time a turn opens and finds due work:
//   asleep     = from when work was due and no lease lived, until the turn opened;
//   bare       = the part of it before BullMQ held the ticket that opened it;
//   unnumbered = the part of it before a script had numbered that ticket: the lane slept and nobody had been told to wake it.
// Without kills the protocol must never leave a lane unnumbered (m3's lost wake-ups); what is asleep or bare beyond that are processes and
// tickets waiting for one of two cores, so those are reported, and bounded where a kill makes upkeep the one who wakes.
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createRedis, type Redis } from '../../src/base/redis.ts';
import type { ActorSetup } from '../support/lane-actor.ts';
import { napsKey, statsKey } from '../support/lane-keys.ts';
import { type Program, startProgram } from '../support/program.ts';
import { freshNamespace, redisUrl } from '../support/services.ts';
import { until } from '../support/until.ts';

const ARRIVALS = Number(process.env.LANES_ARRIVALS ?? 200_000);
const LANES = 40;
const TIMEOUT_MS = 240_000;

const programs = new Set<Program>();
afterEach(async () => {
  await Promise.all([...programs].map((program) => program.end()));
  programs.clear();
});

interface Nap {
  asleepMs: number;
  bareMs: number;
  unnumberedMs: number;
  by: string;
}

async function churn(arrivals: number, deaths: number): Promise<{ naps: Nap[]; kills: number }> {
  const redis = createRedis(redisUrl(), systemClock);
  const namespace = freshNamespace();
  let kills = 0;
  let seed = 1;
  let over = false;
  const keepUp = async (role: Pick<ActorSetup, 'streams' | 'turns' | 'upkeep'>): Promise<void> => {
    for (;;) {
      const setup: ActorSetup = {
        redisUrl: redisUrl(),
        namespace,
        lanes: LANES,
        arrivals,
        deaths,
        seed: seed++,
        ...role,
      };
      const program = startProgram('test/support/lane-actor.ts', [JSON.stringify(setup)], {});
      programs.add(program);
      const status = await program.ended;
      programs.delete(program);
      if (over) return;
      if (status !== null) throw new Error(`an actor ended with ${status}: ${program.lines.join('\n')}`);
      kills += 1;
    }
  };
  // Few arrivals at a time: most of them find their lane asleep, and the cores have room to wake it.
  const actors = [
    { streams: 2, turns: true, upkeep: false },
    { streams: 2, turns: true, upkeep: false },
    { streams: 0, turns: false, upkeep: true },
    { streams: 0, turns: false, upkeep: true },
  ].map(keepUp);
  const drained = async () => (await countOf(redis, namespace, 'drained')) === arrivals;
  await Promise.race([
    until(drained, { what: 'everything that arrived is taken', timeoutMs: TIMEOUT_MS }),
    Promise.all(actors).then(() => undefined),
  ]);
  over = true;
  await Promise.all([...programs].map((program) => program.end()));
  await Promise.all(actors);
  const naps = (await redis.client.lrange(napsKey(namespace), 0, -1)).map(readNap);
  await redis.close();
  return { naps, kills };
}

const countOf = async (redis: Redis, namespace: string, field: string): Promise<number> =>
  Number((await redis.client.hget(statsKey(namespace), field)) ?? 0);

function readNap(line: string): Nap {
  const [asleep, bare, unnumbered, by = ''] = line.split(',');
  return {
    asleepMs: Number(asleep) / 1_000,
    bareMs: Number(bare) / 1_000,
    unnumberedMs: Number(unnumbered) / 1_000,
    by,
  };
}

function shares(values: number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1);
  return `p50 ${at(0.5)} p99 ${at(0.99)} p99.9 ${at(0.999)} max ${at(1)}`;
}

const longest = (naps: Nap[], part: 'asleepMs' | 'unnumberedMs'): number =>
  naps.reduce((most, nap) => Math.max(most, nap[part]), 0);

function report(what: string, naps: Nap[], kills: number): void {
  const revived = naps.filter(({ by }) => by === 'upkeep').length;
  const parts = (['asleepMs', 'bareMs', 'unnumberedMs'] as const).map(
    (part) => `${part} ${shares(naps.map((nap) => nap[part]))}`,
  );
  console.info(`${what}: ${naps.length} wake-ups, ${kills} kills, ${revived} by upkeep; ${parts.join('; ')}`);
}

test('without kills: nothing is asleep with due work and no ticket', { timeout: TIMEOUT_MS }, async () => {
  const { naps, kills } = await churn(ARRIVALS / 2, 0);
  report('without kills', naps, kills);
  expect(kills).toBe(0);
  expect(longest(naps, 'unnumberedMs')).toBeLessThanOrEqual(50);
});

test('killed between each script and its ticket: no lane sleeps on due work', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { naps, kills } = await churn(ARRIVALS / 2, 1 / 200);
  report('with kills', naps, kills);
  expect(kills).toBeGreaterThan(0);
  expect(longest(naps, 'asleepMs')).toBeLessThanOrEqual(2_000);
});
