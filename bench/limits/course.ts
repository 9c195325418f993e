// One run of the matrix: real processes, every lane saturated, one kind of trouble; then what the receiver saw, lane by lane.
import { availableParallelism } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { startDownstream } from '../downstream.ts';
import { messagesOf } from '../payloads.ts';
import { type Program, startProgram } from '../processes.ts';
import { phoneNumberId, type Sluice, startSluice } from '../sluice.ts';
import { createDispatchers, type Dispatchers } from './dispatchers.ts';
import type { Condition, Course, LaneCase } from './plan.ts';
import { createReceiver, type NumberView, type Receiver } from './receiver.ts';
import { type LaneResult, resultOf, TAKEOVER_MS, type Trouble } from './result.ts';

const LOOK_MS = 100;
const JOB_MESSAGES = 10_000;
const WARM_MESSAGES = 600;
const WARMERS = 4;
/** A lane that has not sent all of it this long after it could have is broken. */
const PATIENCE_MS = 30_000;
/** A started call waits for its moment at most 50 ms, and a lane that fell behind catches up as much again. */
const LOST_MS = 100;
/** Longer than the lease of 3 s: another process takes over, and this one comes back beside it. */
const FREEZE_MS = 5_000;
/** Where nobody can take over, the lane goes on when its process does. */
const THAW_MS = 2_000;
/** Pauses between batches of a lane that idles now and then: shorter and longer than its period. */
const IDLE_MS = [300, 1_700, 900];

interface Run {
  course: Course;
  sluice: Sluice;
  receiver: Receiver;
  dispatchers: Dispatchers;
  troubles: Trouble[];
  numbers: Record<string, NumberView>;
}

export async function runCourse(
  course: Course,
  redisUrl: string,
): Promise<{ namespace: string; results: LaneResult[] }> {
  const downstream = await startDownstream();
  const programs: Program[] = [];
  let sluice: Sluice | undefined;
  let dispatchers: Dispatchers | undefined;
  try {
    const receiver = createReceiver(downstream.url);
    for (const [sender, lane] of course.lanes.entries()) await receiver.judge(sender, lane);
    for (const sender of warmersOf(course)) await receiver.welcome(sender);
    sluice = await startSluice({
      redisUrl,
      brokers: undefined,
      senders: course.lanes.length + warmersOf(course).length,
      platformUrl: downstream.url,
      workers: ['intake', 'upkeep'],
      settingsOf: (sender) => settingsOf(course.lanes[sender]),
    });
    dispatchers = createDispatchers(sluice);
    for (let i = 0; i < course.processes; i++) await dispatchers.start();
    if (course.condition === 'busy cores')
      for (let i = 0; i < availableParallelism(); i++) programs.push(burn());
    const run: Run = { course, sluice, receiver, dispatchers, troubles: [], numbers: {} };
    await warmUp(run);
    await drive(run);
    return { namespace: sluice.namespace, results: await readResults(run) };
  } finally {
    dispatchers?.release();
    await Promise.all([...programs, ...(sluice ? [sluice] : []), downstream].map((one) => one.stop()));
    dispatchers?.forget();
  }
}

const settingsOf = (lane: LaneCase | undefined): Record<string, unknown> => ({
  ...lane?.limit.settings,
  ...(lane?.boundMs === undefined ? {} : { arrival_bound: `${lane.boundMs}ms` }),
});

/** Keeps a core busy, at the priority of everybody else. */
const burn = (): Program => startProgram(['-e', 'for (;;);'], {});

/**
 * A receiver that reads its first thousand requests is up to 100 ms late: it compiles itself meanwhile, and takes hundreds of connections.
 * A platform is never that young.
 */
async function warmUp({ course, sluice }: Run): Promise<void> {
  const post = (sender: number): Promise<string> => sluice.post(sender, messagesOf(sender, 0, WARM_MESSAGES));
  await sluice.reach(await Promise.all(warmersOf(course).map(post)), ['completed'], PATIENCE_MS);
}

/** So many senders that every process gets some of them. */
const warmersOf = ({ lanes, processes }: Course): number[] =>
  Array.from({ length: WARMERS * processes }, (_, i) => lanes.length + i);

/** All lanes beside the slots, and the slots one after the other. */
async function drive(run: Run): Promise<void> {
  const { lanes, slotMs, besideMs } = run.course;
  const looking = new AbortController();
  const look = lookOn(run, looking.signal);
  const beside = lanes.flatMap((lane, sender) =>
    lane.slot === undefined ? [saturate(run, lane, sender, besideMs)] : [],
  );
  const slots = [...new Set(lanes.flatMap(({ slot }) => slot ?? []))].sort((a, b) => a - b);
  const inSlots = async (): Promise<void> => {
    for (const slot of slots) {
      const these = lanes.flatMap((lane, sender) => (lane.slot === slot ? [{ lane, sender }] : []));
      const all = these.map(({ lane, sender }) => saturate(run, lane, sender, slotMs));
      const first = these[0];
      await Promise.all([...all, ...(first ? [trouble(run, first.sender, slotMs)] : [])]);
    }
  };
  try {
    await Promise.all([...beside, inSlots(), ...(slots.length === 0 ? [trouble(run, 0, besideMs)] : [])]);
  } finally {
    looking.abort();
    await look;
  }
}

/** One eye on the receiver for all lanes. */
async function lookOn(run: Run, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    run.numbers = await run.receiver.numbers();
    await wait(LOOK_MS, undefined, { signal }).catch(() => {});
  }
  run.numbers = await run.receiver.numbers();
}

const arrivalsOf = (run: Run, sender: number): number => run.numbers[phoneNumberId(sender)]?.arrivals ?? 0;

/** As many messages as the limit lets through in this time; with pauses in between where the condition wants them. */
async function saturate(run: Run, lane: LaneCase, sender: number, forMs: number): Promise<void> {
  const batches = batchesOf(run.course.condition, lane, forMs);
  let sent = 0;
  for (const [i, count] of batches.entries()) {
    if (i > 0) await wait(IDLE_MS[(i + sender) % IDLE_MS.length] ?? 0);
    const jobs: string[] = [];
    for (let from = 0; from < count; from += JOB_MESSAGES) {
      const messages = messagesOf(sender, sent + from, Math.min(JOB_MESSAGES, count - from));
      jobs.push(await run.sluice.post(sender, messages));
    }
    sent += count;
    await arrived(run, lane, sender, sent, 2 * forMs + PATIENCE_MS);
    await run.sluice.reach(jobs, ['completed'], PATIENCE_MS);
  }
}

/** Waits for the arrivals at the receiver. What had been started when its process was killed may never arrive. */
async function arrived(
  run: Run,
  lane: LaneCase,
  sender: number,
  count: number,
  patienceMs: number,
): Promise<void> {
  const [window] = lane.limit.windows;
  const giveUpAt = performance.now() + patienceMs;
  const lost = (): number => Math.ceil((run.troubles.length * LOST_MS * window.count) / window.perMs);
  while (arrivalsOf(run, sender) < count - lost()) {
    if (performance.now() > giveUpAt)
      throw new Error(`sender ${sender}: ${arrivalsOf(run, sender)} of ${count} have arrived`);
    await wait(LOOK_MS);
  }
}

/** How many messages to post at once, and then again. */
function batchesOf(condition: Condition, { limit }: LaneCase, forMs: number): number[] {
  const [{ count, perMs }] = limit.windows;
  const all = Math.ceil((count * forMs) / perMs);
  if (condition !== 'idle gaps') return [all];
  const parts = perMs > forMs / 2 ? 2 : 3;
  return Array.from({ length: parts }, () => Math.floor(all / parts));
}

async function trouble(run: Run, sender: number, forMs: number): Promise<void> {
  const { condition, processes } = run.course;
  if (condition !== 'killed' && condition !== 'frozen') return;
  await wait(forMs / 3);
  const pid = await run.dispatchers.serving(sender);
  if (pid === undefined) throw new Error(`nobody serves sender ${sender}`);
  const exceptedMs = condition === 'frozen' && processes === 1 ? FREEZE_MS + THAW_MS : TAKEOVER_MS;
  run.troubles.push({ atMs: Date.now(), sender, exceptedMs });
  if (condition === 'killed') return run.dispatchers.replace(pid);
  run.dispatchers.freeze(pid);
  await wait(FREEZE_MS);
  run.dispatchers.thaw(pid);
}

async function readResults(run: Run): Promise<LaneResult[]> {
  const { course, receiver, dispatchers, troubles, numbers } = run;
  const results: LaneResult[] = [];
  const stalledShare = dispatchers.stalledShare();
  for (const [sender, lane] of course.lanes.entries()) {
    const arrivals = await receiver.arrivals(sender);
    const batches = batchesOf(course.condition, lane, lengthOf(course, lane));
    const calls = dispatchers.calls(sender);
    const view = numbers[phoneNumberId(sender)];
    results.push(resultOf({ course, lane, sender, view, arrivals, calls, batches, troubles, stalledShare }));
  }
  return results;
}

const lengthOf = ({ slotMs, besideMs }: Course, { slot }: LaneCase): number =>
  slot === undefined ? besideMs : slotMs;
