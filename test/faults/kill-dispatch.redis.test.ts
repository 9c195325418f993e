// The process that holds the turn is killed with -9 halfway through a job. Another goes on, nobody gets two, nothing is lost, and only what
// was started and unanswered at that moment is unknown.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAgreement, takenPerRecipient } from '../support/both-ends.ts';
import { bulk } from '../support/client.ts';
import { callsOf, freePort } from '../support/holder.ts';
import type { Program } from '../support/program.ts';
import { type ApiProgram, numberOf, openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const RECIPIENTS = 640;
/** Not at a multiple of the rate: there every place is taken, and for a round trip nothing is under way. */
const KILL_AT = RECIPIENTS / 2 + 30;
const PER_SECOND = 80;
/** Slow enough that calls are in flight when the process dies. */
const LATENCY_MS = 50;
/** An answer that is on its way to the process and into the ledger, on a machine that others load too. */
const ANSWER_SLACK_MS = 100;
const AHEAD_MS = 50;
const GAP_MAX_MS = 5_000;

interface Dispatcher {
  program: Program;
  port: number;
}

let stage: Stage;
let service: ApiProgram;
let dispatchers: Dispatcher[];

beforeAll(async () => {
  stage = await openStage({ senders: [{ id: 's1', throughput: PER_SECOND }] });
  await stage.platform.number(numberOf('s1'), { latency_ms: LATENCY_MS });
  // The API, intake and upkeep live on; only dispatch is killed.
  service = await stage.serve(['api']);
  await stage.start(['worker', 'intake', 'upkeep']);
  const dispatcher = async (): Promise<Dispatcher> => {
    const port = await freePort();
    return { port, program: await stage.start(['worker', 'dispatch'], { HEALTH_PORT: String(port) }) };
  };
  dispatchers = await Promise.all([dispatcher(), dispatcher()]);
});
afterAll(() => stage?.close());

/** With one sender there is one turn: who made the calls of this job so far holds it. */
async function holder(): Promise<Dispatcher> {
  const counts = await Promise.all(dispatchers.map(({ port }) => callsOf(port)));
  const found = dispatchers[counts.indexOf(Math.max(...counts))];
  if (!found) throw new Error('nobody holds the turn');
  return found;
}

test('another process goes on, and both ends agree on everything but what was under way', async () => {
  const { api } = service;
  const { id } = await api.send(bulk(RECIPIENTS));
  const { platform } = stage;
  const halfway = async () => (await platform.ledger()).totals.arrivals >= KILL_AT;
  await until(halfway, { what: 'half of the job' });
  const killed = await holder();
  await killed.program.end();
  const job = await api.completed(id, 40_000);

  const arrivals = await platform.arrivals();
  const items = await api.items(id);
  expectAgreement(job, items, arrivals);
  const ledger = await platform.ledger();
  expect(ledger).toMatchObject({ repeats: 0, violations: { total: 0 } });
  expect(ledger.numbers[numberOf('s1')]?.highest['1000ms']).toBeLessThanOrEqual(PER_SECOND);

  const { counts } = job;
  expect(counts.accepted + counts.unknown).toBe(RECIPIENTS);
  const taken = takenPerRecipient(arrivals);
  const unknown = items.filter(({ status }) => status === 'unknown');
  const unsent = unknown.filter(({ to }) => !taken.has(to));
  expect(taken.size + unsent.length).toBe(RECIPIENTS);
  // All that a kill may hide: what was started and not yet called, at most 50 ms ahead and the one whose moment has just come …
  expect(unsent.length).toBeLessThanOrEqual(Math.ceil((PER_SECOND * AHEAD_MS) / 1_000) + 1);
  // … and what was called and not answered and settled: the last arrivals before the silence.
  const inFlight = unknown.length - unsent.length;
  const gaps = arrivals.map(({ at_us }, i) => (at_us - (arrivals[i - 1]?.at_us ?? at_us)) / 1_000);
  const longestMs = Math.max(...gaps);
  const silence = gaps.indexOf(longestMs);
  const last = new Set(arrivals.slice(silence - inFlight, silence).map(({ to }) => `+${to}`));
  expect(unknown.filter(({ to }) => taken.has(to) && !last.has(to))).toEqual([]);
  const sinceMs = ((arrivals[silence - 1]?.at_us ?? 0) - (arrivals[silence - inFlight]?.at_us ?? 0)) / 1_000;
  console.info(
    `kill -9: ${unsent.length} started and never called, ${inFlight} in flight (the last ${sinceMs} ms), gap ${longestMs} ms`,
  );
  expect(sinceMs).toBeLessThanOrEqual(LATENCY_MS + ANSWER_SLACK_MS);
  expect(longestMs).toBeLessThanOrEqual(GAP_MAX_MS);
});
