// More lanes than calls at a time: none is finished first while others wait, and none is left behind.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bulk } from '../support/client.ts';
import { type ApiProgram, numberOf, openStage, type Stage } from '../support/stage.ts';

const LANES = 60;
const PER_LANE = 20;
const CALLS = '8';
const LATENCY_MS = 40;
const senders = Array.from({ length: LANES }, (_, i) => ({ id: `s${i}`, throughput: 1_000 }));

let stage: Stage;
let service: ApiProgram;
beforeAll(async () => {
  stage = await openStage({ senders });
  for (const { id } of senders) await stage.platform.number(numberOf(id), { latency_ms: LATENCY_MS });
  service = await stage.serve(['api']);
  await stage.start(['worker', 'intake', 'upkeep']);
});
afterAll(() => stage?.close());

test('sixty lanes on eight calls go on side by side', async () => {
  const { api } = service;
  const jobs: string[] = [];
  for (const [i, { id: sender }] of senders.entries())
    jobs.push((await api.send(bulk(PER_LANE, { sender }, 3_000_000 + i * 1_000))).id);
  await stage.start(['worker', 'dispatch'], { DISPATCH_CALLS: CALLS });
  for (const id of jobs) expect((await api.completed(id, 60_000)).counts.accepted).toBe(PER_LANE);
  const arrivals = await stage.platform.arrivals();
  expect(arrivals).toHaveLength(LANES * PER_LANE);
  const had = new Map(senders.map(({ id }) => [numberOf(id), 0]));
  for (const { number } of arrivals.slice(0, arrivals.length / 2))
    had.set(number, (had.get(number) ?? 0) + 1);
  // Shares of eight: half-way, each has had its first.
  expect(Math.min(...had.values())).toBeGreaterThanOrEqual(4);
  expect(await stage.platform.ledger()).toMatchObject({ repeats: 0, violations: { total: 0 } });
});
