// The process that holds the turn is frozen for longer than its lease, another takes over, and the first comes back. It writes nothing that is
// late, so the limit holds; what it had started and not written goes back to the lane, and goes soon; nobody gets two.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAgreement } from '../support/both-ends.ts';
import { bulk } from '../support/client.ts';
import { callsOf, freePort } from '../support/holder.ts';
import type { Program } from '../support/program.ts';
import { type ApiProgram, numberOf, openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const RECIPIENTS = 1_200;
const PER_SECOND = 200;
/** Slow enough that calls are in flight when the process is frozen. */
const LATENCY_MS = 100;
const FREEZE_MS = 4_500;
/** What was not written waits for its pair (6 s) and its turn; without word of its end the pair would be taken for 37 s. */
const SOON_MS = 20_000;

let stage: Stage;
let service: ApiProgram;
let dispatchers: { program: Program; port: number }[];

beforeAll(async () => {
  stage = await openStage({ senders: [{ id: 's1', throughput: PER_SECOND }] });
  await stage.platform.number(numberOf('s1'), { latency_ms: LATENCY_MS });
  service = await stage.serve(['api']);
  await stage.start(['worker', 'intake', 'upkeep']);
  const dispatcher = async () => {
    const port = await freePort();
    return { port, program: await stage.start(['worker', 'dispatch'], { HEALTH_PORT: String(port) }) };
  };
  dispatchers = await Promise.all([dispatcher(), dispatcher()]);
});
afterAll(() => stage?.close());

const arrived = async (): Promise<number> => (await stage.platform.ledger()).totals.arrivals;

test('frozen past its lease, taken over, thawed: no violation, nothing lost, nobody twice', async () => {
  const { api } = service;
  const { platform } = stage;
  const { id } = await api.send(bulk(RECIPIENTS));
  await until(async () => (await arrived()) >= RECIPIENTS / 3, { what: 'a third of the job' });
  const counts = await Promise.all(dispatchers.map(({ port }) => callsOf(port)));
  const frozen = dispatchers[counts.indexOf(Math.max(...counts))]?.program;
  if (!frozen) throw new Error('nobody holds the turn');
  const frozenAtMs = performance.now();
  frozen.kill('SIGSTOP');
  const before = await arrived();
  await until(async () => (await arrived()) > before + PER_SECOND / 2, { what: 'another process goes on' });
  await until(() => performance.now() - frozenAtMs > FREEZE_MS, { what: 'the lease has run out' });
  frozen.kill('SIGCONT');
  const job = await api.completed(id, SOON_MS);

  const items = await api.items(id);
  expectAgreement(job, items, await platform.arrivals());
  // The thawed process knows what became of its calls: those that were answered, and those that it did not write.
  expect(job.counts).toMatchObject({ accepted: RECIPIENTS, unknown: 0, failed: 0 });
  const ledger = await platform.ledger();
  expect(ledger).toMatchObject({ repeats: 0, violations: { total: 0 } });
  expect(ledger.numbers[numberOf('s1')]?.highest['1000ms']).toBeLessThanOrEqual(PER_SECOND);
});
