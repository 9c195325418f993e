// SIGTERM in the middle of a job: what was started is finished, nothing is unknown, another process goes on.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAgreement } from '../support/both-ends.ts';
import { bulk } from '../support/client.ts';
import { type ApiProgram, numberOf, openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const RECIPIENTS = 300;
const PER_SECOND = 100;
let stage: Stage;
let service: ApiProgram;

beforeAll(async () => {
  stage = await openStage({ senders: [{ id: 's1', throughput: PER_SECOND }] });
  await stage.platform.number(numberOf('s1'), { latency_ms: 50 });
  service = await stage.serve(['api']);
  await stage.start(['worker', 'intake', 'upkeep']);
});
afterAll(() => stage?.close());

test('a stopped process hands its lane on at once, and leaves nothing unknown', async () => {
  const first = await stage.start(['worker', 'dispatch']);
  const { id } = await service.api.send(bulk(RECIPIENTS));
  const third = async () => (await stage.platform.ledger()).totals.arrivals >= RECIPIENTS / 3;
  await until(third, { what: 'a third of the job' });
  const second = await stage.start(['worker', 'dispatch']);
  first.kill('SIGTERM');
  expect(await first.ended).toBe(0);
  const job = await service.api.completed(id);
  expect(second.pid).not.toBe(first.pid);
  expect(job.counts).toMatchObject({ accepted: RECIPIENTS, unknown: 0 });
  const arrivals = await stage.platform.arrivals();
  expectAgreement(job, await service.api.items(id), arrivals);
  const { violations, repeats } = await stage.platform.ledger();
  expect({ violations: violations.total, repeats }).toEqual({ violations: 0, repeats: 0 });
  // No lease had to run out: the lane was given back with a ticket.
  const gapsMs = arrivals.map(({ at_us }, i) => (at_us - (arrivals[i - 1]?.at_us ?? at_us)) / 1_000);
  expect(Math.max(...gapsMs)).toBeLessThan(2_500);
});
