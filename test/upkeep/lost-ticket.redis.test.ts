// Upkeep wakes what should have been woken: a lane whose ticket was lost, and one whose holder died. It leaves alone what is alive or not due.
import { afterEach, expect, test } from 'vitest';
import { systemClock as clock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { Ticket } from '../../src/base/queue.ts';
import { createRedis } from '../../src/base/redis.ts';
import type { Service } from '../../src/base/service.ts';
import { createHolders } from '../../src/lanes/holders.ts';
import { laneKeys } from '../../src/lanes/keys.ts';
import { createLanes } from '../../src/lanes/lanes.ts';
import { createOverdueLanes } from '../../src/lanes/overdue.ts';
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
  /** What the queue still holds. */
  const queued = new Set<string>();
  const upkeep = (): Service => {
    const home = { home: HOME, workspace: 'acme', environment: 'live' as const };
    const service = createUpkeep({
      redis,
      namespace,
      clock,
      logger: silentLogger,
      accounts: { homes: () => [home] },
      holders: createHolders(redis, namespace),
      overdue: createOverdueLanes({ redis, namespace }),
      tickets: {
        add: async (ticket) => {
          issued.push(ticket);
          queued.add(`${ticket.sender}.${ticket.n}`);
        },
        waits: async ({ sender, n }) => queued.has(`${sender}.${n}`),
        anyDue: () => Promise.resolve(false),
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
  return { redis, namespace, lanes, issued, queued, upkeep, arrive, renew };
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

test('a ticket that waits in the queue is only late: it is not issued anew, but for one nudge', async () => {
  const { issued, upkeep, arrive, queued } = open();
  const lanes = [5, 6, 7, 8];
  for (const number of lanes) queued.add(`s${number}.${await arrive(number)}`);
  const lost = await arrive(9);
  await upkeep().start();
  await until(() => issued.some(({ sender }) => sender === 's9'), { what: 'the lost ticket' });
  expect(issued.every(({ sender }) => sender === 's9')).toBe(true);
  expect(Number(issued[0]?.n)).toBeGreaterThan(Number(lost));
  const others = () => issued.filter(({ sender }) => sender !== 's9');
  await until(() => others().length > 0, { what: 'the nudge' });
  expect(others()).toHaveLength(1);
});

test('a lane whose calls were all answered after its turn leaves the set without a ticket', async () => {
  const { lanes, issued, upkeep, arrive, renew, redis, namespace } = open();
  const lane = laneOf(1);
  const keys = laneKeys(namespace, lane);
  const opened = await lanes.open(lane, await arrive(1), 'a');
  const fence = opened.state === 'open' ? opened.fence : '';
  await renew(1, fence);
  // A call is under way when the turn is given back; its answer comes before its deadline does.
  await redis.client.zadd(keys.fly, 1, 'job:0:0:1');
  const seen = await lanes.peek(lane, fence, 10);
  const unlimited = { untilUs: 0, rowsOnly: false };
  expect(await lanes.giveBack(lane, fence, seen?.version ?? '', unlimited)).toMatchObject({
    wake: undefined,
  });
  await redis.client.zrem(keys.fly, 'job:0:0:1');
  await upkeep().start();
  const gone = async () => (await redis.client.exists(keys.lanes)) === 0;
  await until(gone, { what: 'the lane has left the set' });
  expect(issued).toEqual([]);
});
