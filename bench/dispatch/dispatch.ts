// Messages per second at the downstream, everything on, beside a bare loop of the same calls and one BullMQ job per message.
import { randomBytes } from 'node:crypto';
import type { Bench, Setting } from '../bench.ts';
import { type Downstream, type Measured, type Meters, startDownstream } from '../downstream.ts';
import { messagesOf } from '../payloads.ts';
import { cpuSecondsOf, type Program, startProgram } from '../processes.ts';
import type { Line, Report } from '../report.ts';
import { type Sluice, startSluice } from '../sluice.ts';
import { median, ratios } from '../stats.ts';
import type { PeerOptions } from './calls.ts';
import { openMessageQueue } from './message-queue.ts';

const SENDERS = 50;
const PER_SENDER = 3_000;
const ROUNDS = 3;
/** A run in which strangers kept more cores busy than this is repeated once, and the quieter counts. */
const QUIET_CORES = 0.3;
const TRIES = 2;
const PATIENCE_MS = 60_000;

interface Round extends Measured {
  faults: string[];
}

interface Course {
  setting: Setting;
  downstream: Downstream;
  perSender: number;
}

type Contestant = (course: Course) => Promise<Round>;

const NAMES = ['bare', 'redis', 'kafka', 'bullmq'] as const;
type Name = (typeof NAMES)[number];

const contestants: Record<Name, Contestant> = {
  bare: runBare,
  redis: (course) => runSluice(course, undefined),
  kafka: async (course) => runSluice(course, await course.setting.brokers()),
  bullmq: runBullmq,
};

export const dispatch: Bench = {
  name: 'dispatch',
  run: async (setting) => {
    const { only, rounds = ROUNDS, perSender = PER_SENDER } = setting.options;
    const names = NAMES.filter((name) => !only || only.includes(name));
    const downstream = await startDownstream();
    const course: Course = { setting, downstream, perSender };
    const results: Record<Name, Round[]> = { bare: [], redis: [], kafka: [], bullmq: [] };
    try {
      // The sandbox lives through all rounds; nobody shall pay for its first calls.
      await runBare({ ...course, perSender: Math.min(100, perSender) });
      for (let round = 0; round < rounds; round++) {
        for (const name of names) {
          const say = (result: Round): void =>
            setting.say(`dispatch ${round + 1}/${rounds} ${name.padEnd(6)} ${sentence(result)}`);
          results[name].push(await quietest(() => contestants[name](course), say));
        }
      }
    } finally {
      await downstream.stop();
    }
    return reportOf(results, perSender, rounds);
  },
};

/** One run while strangers are quiet. Chosen by their noise, never by the figure; a wrong count in any try stays wrong. */
async function quietest(run: () => Promise<Round>, say: (result: Round) => void): Promise<Round> {
  let best: Round | undefined;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const result = await run();
    say(result);
    const faults = [...(best?.faults ?? []), ...result.faults];
    const quieter = !best || (result.coresElsewhere ?? 0) < (best.coresElsewhere ?? 0);
    best = { ...(quieter || !best ? result : best), faults };
    if ((best.coresElsewhere ?? 0) <= QUIET_CORES || faults.length > 0) break;
  }
  if (!best) throw new Error('no try at all');
  return best;
}

function sentence({ perSecond, cpu, coresElsewhere, faults }: Round): string {
  const times = Object.entries(cpu).map(([who, seconds]) => `${who} ${seconds.toFixed(3)}`);
  const elsewhere =
    coresElsewhere === undefined ? '' : `; others keep ${coresElsewhere.toFixed(1)} cores busy`;
  const wrong = faults.map((fault) => `; ${fault}`).join('');
  return `${Math.round(perSecond)}/s; CPU s per 1,000: ${times.join(', ')}${elsewhere}${wrong}`;
}

async function runBare({ setting, downstream, perSender }: Course): Promise<Round> {
  await downstream.reset();
  const total = SENDERS * perSender;
  const program = startPeer('bare', { setting, downstream, perSender }, '');
  try {
    const done = program.says(/^accepted (\d+)$/);
    const measured = await downstream.measure(total, cpuOf(setting, downstream, program), PATIENCE_MS);
    const accepted = Number((await done)[1]);
    const faults = await downstream.faults(total);
    if (accepted !== total) faults.push(`bare: ${accepted} accepted, should be ${total}`);
    return { ...measured, faults };
  } finally {
    await program.stop();
  }
}

async function runBullmq({ setting, downstream, perSender }: Course): Promise<Round> {
  await downstream.reset();
  const total = SENDERS * perSender;
  const prefix = `{bench-${randomBytes(4).toString('hex')}-queue}`;
  const queue = openMessageQueue(setting.redisUrl, prefix);
  let program: Program | undefined;
  try {
    await queue.fill(SENDERS, perSender);
    program = startPeer('bullmq', { setting, downstream, perSender }, prefix);
    const measured = await downstream.measure(total, cpuOf(setting, downstream, program), PATIENCE_MS);
    // What was answered is completed by then, or it never is.
    await program.stop();
    const faults = await downstream.faults(total);
    const completed = await queue.completed();
    if (completed !== total) faults.push(`bullmq: ${completed} completed, should be ${total}`);
    return { ...measured, faults };
  } finally {
    await program?.stop();
    await queue.close();
    await setting.redis.clear(prefix.slice(1, -'-queue}'.length));
  }
}

function startPeer(name: 'bare' | 'bullmq', course: Course, prefix: string): Program {
  const options: PeerOptions = {
    platformUrl: course.downstream.url,
    senders: SENDERS,
    perSender: course.perSender,
    redisUrl: course.setting.redisUrl,
    prefix,
  };
  return startProgram([`bench/dispatch/${name}.ts`, JSON.stringify(options)], {});
}

async function runSluice(
  { setting, downstream, perSender }: Course,
  brokers: string | undefined,
): Promise<Round> {
  await downstream.reset();
  const sluice = await startSluice({
    redisUrl: setting.redisUrl,
    brokers,
    senders: SENDERS,
    platformUrl: downstream.url,
    workers: ['intake', 'upkeep'],
  });
  try {
    const jobs: string[] = [];
    for (let sender = 0; sender < SENDERS; sender++)
      jobs.push(await sluice.post(sender, messagesOf(sender, 0, perSender)));
    await sluice.reach(jobs, ['queued'], PATIENCE_MS);
    const program = await sluice.startDispatch();
    const total = SENDERS * perSender;
    const meters = { ...cpuOf(setting, downstream, program), beside: sluice.cpuBeside };
    const measured = await downstream.measure(total, meters, PATIENCE_MS);
    await sluice.reach(jobs, ['completed'], PATIENCE_MS);
    const faults = await downstream.faults(total);
    return { ...measured, faults: [...faults, ...(await countFaults(sluice, jobs, perSender))] };
  } finally {
    await sluice.stop();
    await setting.redis.clear(sluice.namespace);
  }
}

async function countFaults(sluice: Sluice, jobs: readonly string[], perSender: number): Promise<string[]> {
  const faults: string[] = [];
  for (const job of jobs) {
    const { accepted } = await sluice.counts(job);
    if (accepted !== perSender) faults.push(`job ${job}: ${accepted} accepted, should be ${perSender}`);
  }
  return faults;
}

const cpuOf = (setting: Setting, downstream: Downstream, program: Program): Meters => ({
  worker: () => cpuSecondsOf(program.pid),
  redis: () => setting.redis.cpuSeconds(),
  sandbox: () => cpuSecondsOf(downstream.pid),
});

/** The rounds in which both sides had the machine to themselves; all of them when there is none, for it is all there is. */
function quietPairs(ours: readonly Round[], theirs: readonly Round[]): [Round, Round][] {
  const pairs = ours.flatMap((one, round): [Round, Round][] => {
    const other = theirs[round];
    return other ? [[one, other]] : [];
  });
  const quiet = pairs.filter((pair) => pair.every(({ coresElsewhere = 0 }) => coresElsewhere <= QUIET_CORES));
  return quiet.length > 0 ? quiet : pairs;
}

function reportOf(results: Record<Name, Round[]>, perSender: number, rounds: number): Report {
  const compare = (
    what: string,
    unit: string,
    ours: Name,
    peer: Name,
    of: (round: Round) => number,
  ): Line[] => {
    const pairs = quietPairs(results[ours], results[peer]);
    if (pairs.length === 0) return [];
    const [mine, theirs] = [pairs.map(([one]) => of(one)), pairs.map(([, other]) => of(other))];
    const ratio = median(ratios(mine, theirs));
    const rounds = `${pairs.length} of ${results[ours].length} rounds`;
    return [{ what, unit, ours: median(mine), peer: { name: peer, value: median(theirs) }, ratio, rounds }];
  };
  const speed = (log: string, ours: Name, peer: Name, atLeast: number): Line[] =>
    compare(`dispatch, log in ${log}`, '/s', ours, peer, ({ perSecond }) => perSecond).map((line) => ({
      ...line,
      target: { atLeast },
    }));
  const cost = (peer: Name): Line[] =>
    compare("its worker's CPU", 'ms/1,000', 'redis', peer, ({ cpu }) => (cpu.worker ?? Number.NaN) * 1_000);
  return {
    benchmark: 'dispatch',
    setting: `${SENDERS} senders, each its own home, ${perSender} messages each, ${rounds} rounds; CPU in seconds per 1,000 messages`,
    lines: [
      ...speed('Redis', 'redis', 'bare', 0.65),
      ...speed('Kafka', 'kafka', 'bare', 0.5),
      ...speed('Redis', 'redis', 'bullmq', 1.6),
      ...cost('bare'),
      ...cost('bullmq'),
    ],
    details: results,
    faults: NAMES.flatMap((name) => results[name].flatMap(({ faults }) => faults)),
  };
}
