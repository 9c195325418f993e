// When more lanes wait than processes can open at once, tickets are late. Upkeep then issues another, but the one in the queue must stay good:
// were each late ticket made stale by the next, no lane would ever be opened while the queue is longer than upkeep's patience.
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createRedis } from '../../src/base/redis.ts';
import { createLanes } from '../../src/lanes/lanes.ts';
import { createOverdueLanes } from '../../src/lanes/overdue.ts';
import { arriveKeys, arriveScript, HOME, laneOf } from '../support/lane-keys.ts';
import { freshNamespace, redisUrl } from '../support/services.ts';

const redis = createRedis(redisUrl(), systemClock);
afterAll(() => redis.close());

const SECOND_US = 1_000_000;
const START_US = 1_800_000_000_000_000;

function openLane() {
  const namespace = freshNamespace();
  let nowUs = START_US;
  const testClock = () => nowUs;
  const lanes = createLanes({ redis, namespace, testClock });
  const overdue = createOverdueLanes({ redis, namespace, testClock });
  const lane = laneOf(1);
  return {
    lanes,
    lane,
    pass: (us: number) => {
      nowUs += us;
    },
    arrive: async () => {
      const args = [nowUs, lane.sender, 0, 1_000_000];
      return (await redis.run<string[]>(arriveScript, arriveKeys(namespace, lane), args))[0] ?? '';
    },
    revive: async () => (await overdue.revive(HOME, await overdue.overdue(HOME, nowUs)))[0]?.n ?? '',
  };
}

test('a late ticket still opens its turn, however often upkeep has issued another', async () => {
  const { lanes, lane, pass, arrive, revive } = openLane();
  const first = await arrive();
  const reissued: string[] = [];
  for (let i = 0; i < 3; i += 1) {
    pass(2 * SECOND_US);
    reissued.push(await revive());
  }
  expect(reissued).not.toContain('');
  expect(new Set([first, ...reissued]).size).toBe(4);
  expect((await lanes.open(lane, first, 'a')).state).toBe('open');
  for (const n of reissued) expect((await lanes.open(lane, n, 'b')).state).toBe('leased');
});

test('once its turn was given back, every ticket of that wake is stale', async () => {
  const { lanes, lane, pass, arrive, revive } = openLane();
  const first = await arrive();
  pass(2 * SECOND_US);
  const second = await revive();
  const opened = await lanes.open(lane, second, 'a');
  const fence = opened.state === 'open' ? opened.fence : '';
  const seen = await lanes.peek(lane, fence, 10);
  // Its work still waits, so the turn is given back with a ticket for later.
  const given = await lanes.giveBack(lane, fence, seen?.version ?? '', {
    untilUs: START_US + 5 * SECOND_US,
    rowsOnly: false,
  });
  expect(given.state).toBe('asleep');
  for (const n of [first, second]) expect((await lanes.open(lane, n, 'c')).state).toBe('stale');
});
