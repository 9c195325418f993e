// Upkeep wakes what should have been woken: a lane whose ticket was lost, and one whose holder died. It leaves alone what is alive or not due.
import { afterEach, expect, test } from 'vitest';
import { systemClock as clock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { Ticket } from '../../src/base/queue.ts';
import { createRedis } from '../../src/base/redis.ts';
import type { Service } from '../../src/base/service.ts';
import { createLanes } from '../../src/lanes/lanes.ts';
import { createUpkeep } from '../../workers/upkeep/worker.ts';
import { arriveKeys, arriveScript, drainKeys, drainScript, HOME, laneOf } from '../support/lane-keys.ts';
import { freshNamespace, redisUrl } from '../support/services.ts';
import { until } from '../support/until.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function open() {
  const namespace = freshNamespace();
  const redis = createRedis(redisUrl(), clock);
  closers.push(() => redis.close());
  const lanes = createLanes({ redis, namespace });
  const issued: Ticket[] = [];
  const upkeep = (): Service => {
    const home = { home: HOME, workspace: 'acme', environment: 'live' as const };
    const service = createUpkeep({
      redis,
      namespace,
      clock,
      logger: silentLogger,
      accounts: { homes: () => [home] },
      lanes,
      tickets: {
        add: async (ticket) => void issued.push(ticket),
        take: () => ({ stop: () => Promise.resolve() }),
        close: () => Promise.resolve(),
      },
    });
    closers.push(() => service.stop());
    return service;
  };
  const arrive = async (number: number, delayUs = 0): Promise<string> => {
    const lane = laneOf(number);
    const reply = await redis.run<string[]>(arriveScript, arriveKeys(namespace, lane), [
      '',
      lane.sender,
      delayUs,
      1_000,
    ]);
    return String(reply[0]);
  };
  const renew = (number: number, fence: string) =>
    redis.run(drainScript, drainKeys(namespace, laneOf(number)), [
      '',
      fence,
      laneOf(number).sender,
      '',
      0,
      0,
      0,
    ]);
  return { lanes, issued, upkeep, arrive, renew };
}

test('a lost ticket and a dead holder are mended; what is alive or not due is left alone', async () => {
  const { lanes, issued, upkeep, arrive, renew } = open();
  const lost = await arrive(1);
  const died = await lanes.open(laneOf(2), await arrive(2), 'who dies');
  await arrive(3, 60_000_000);
  const alive = await lanes.open(laneOf(4), await arrive(4), 'who lives');
  expect([died.state, alive.state]).toEqual(['open', 'open']);
  await upkeep().start();
  const first = await until(() => issued.find(({ sender }) => sender === 's1'), { what: 'the lost ticket' });
  expect(Number(first.n)).toBeGreaterThan(Number(lost));
  // Who lives renews its lease with all it does.
  const second = await until(
    async () => {
      if (alive.state === 'open') await renew(4, alive.fence);
      return issued.find(({ sender }) => sender === 's2');
    },
    { what: 'the dead holder' },
  );
  expect((await lanes.open(laneOf(2), second.n, 'heir')).state).toBe('open');
  expect(issued.filter(({ sender }) => sender === 's3' || sender === 's4')).toEqual([]);
});

test('one of several leads; when it stops, another follows', async () => {
  const { issued, upkeep, arrive } = open();
  const [first, second] = [upkeep(), upkeep()];
  await first.start();
  await second.start();
  await arrive(1);
  await until(() => issued.length > 0, { what: 'the leader sweeps' });
  await first.stop();
  const before = issued.length;
  await arrive(2);
  await until(() => issued.slice(before).some(({ sender }) => sender === 's2'), { what: 'the next leader' });
});
