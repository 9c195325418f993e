// Two jobs of one sender share its rate evenly from the moment both are there, and a job of high priority goes before both.
import { expect, test } from 'vitest';
import { bulk } from '../support/client.ts';
import { servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const EACH = 300;
const PER_SECOND = 200;
const HIGH = 20;
const [A, B, C] = [3_000_000, 4_000_000, 5_000_000];
const served = servedStage({ senders: [{ id: 's1', throughput: PER_SECOND }] });

test('neither job waits for the other, and the urgent one waits for neither', async () => {
  const { api } = served.service;
  const a = await api.send(bulk(EACH, {}, A));
  const b = await api.send(bulk(EACH, {}, B));
  const both = async () => (await served.stage.platform.ledger()).totals.arrivals >= EACH;
  await until(both, { what: 'half of both jobs' });
  const urgent = await api.send(bulk(HIGH, { priority: 'high' }, C));
  await api.completed(urgent.id);
  const atUrgentEnd = (await served.stage.platform.arrivals()).length;
  for (const { id } of [a, b]) await api.completed(id);

  const order = (await served.stage.platform.arrivals()).map(({ to }) =>
    Math.floor(Number(to?.slice(4)) / 1_000_000),
  );
  const firstOfB = order.indexOf(4);
  const lastOfA = order.lastIndexOf(3);
  const shared = order.slice(firstOfB, lastOfA).filter((job) => job !== 5);
  const ofA = shared.filter((job) => job === 3).length / shared.length;
  console.info(`first of the second job at ${firstOfB}, share of the first job while both were there ${ofA}`);
  // The second job was there some 50 ms after the first, and a window of the first is 256 rows.
  expect(firstOfB).toBeLessThan(100);
  expect(ofA).toBeGreaterThan(0.4);
  expect(ofA).toBeLessThan(0.6);
  // The urgent job did not stand in line behind what was left of the others.
  expect(atUrgentEnd).toBeLessThan(2 * EACH + HIGH);
});
