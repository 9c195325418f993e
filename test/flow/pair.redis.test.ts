// Many messages to the same few people: never less than 6 s apart per pair, whatever else is sent, and nobody else waits for them.
import { expect, test } from 'vitest';
import { bulk, type JobView } from '../support/client.ts';
import { numberOf, servedStage } from '../support/stage.ts';

const PEOPLE = 20;
/** Messages to each of them, one job each. All 500 of them (25 rounds) take two and a half minutes. */
const ROUNDS = Number(process.env.PAIR_ROUNDS ?? 6);
const OTHERS = 400;
const PER_SECOND = 80;
const PAIR_MS = 6_000;
/** The others have the lane nearly to themselves: the first message to each of the few, and that is all. */
const OTHERS_MS = ((OTHERS + PEOPLE) * 1_000) / PER_SECOND + 5_000;
const LAST_MS = ROUNDS * PAIR_MS + 30_000;
const [FEW, MANY] = [3_000_000, 5_000_000];
const served = servedStage({ senders: [{ id: 's1', throughput: PER_SECOND }] });

test('six seconds between two messages to one person, and none for the others', {
  timeout: 240_000,
}, async () => {
  const { api } = served.service;
  const { platform } = served.stage;
  const few: JobView[] = [];
  for (let round = 0; round < ROUNDS; round++) few.push(await api.send(bulk(PEOPLE, {}, FEW)));
  const others = await api.send(bulk(OTHERS, {}, MANY));
  await api.completed(others.id, OTHERS_MS + 30_000);
  for (const { id } of few) {
    const job = await api.completed(id, LAST_MS);
    expect(job.counts).toMatchObject({ accepted: PEOPLE, failed: 0, unknown: 0 });
  }

  const arrivals = await platform.arrivals();
  const ofOthers = arrivals.filter(({ to }) => to?.startsWith('16505'));
  const startUs = arrivals[0]?.at_us ?? 0;
  const othersMs = ((ofOthers.at(-1)?.at_us ?? 0) - startUs) / 1_000;
  const last = new Map<string, number>();
  const gapsMs: number[] = [];
  for (const { to, at_us } of arrivals) {
    const before = last.get(to ?? '');
    if (before !== undefined) gapsMs.push((at_us - before) / 1_000);
    last.set(to ?? '', at_us);
  }
  console.info(
    `smallest gap of ${gapsMs.length}: ${Math.min(...gapsMs)} ms; the others were through after ${othersMs} ms`,
  );
  expect(arrivals).toHaveLength(ROUNDS * PEOPLE + OTHERS);
  expect(gapsMs).toHaveLength((ROUNDS - 1) * PEOPLE);
  expect(Math.min(...gapsMs)).toBeGreaterThanOrEqual(PAIR_MS);
  expect(othersMs).toBeLessThanOrEqual(OTHERS_MS);
  const { violations, numbers } = await platform.ledger();
  expect(violations.total).toBe(0);
  expect(numbers[numberOf('s1')]?.highest['1000ms']).toBeLessThanOrEqual(PER_SECOND);
});
