// Ten thousand senders at once, beside the same jobs on fifty: how fast, how fairly, what a process at rest costs, and how soon a lane that
// slept is on its way.
import type { Bench, Setting } from '../bench.ts';
import { type Downstream, startDownstream } from '../downstream.ts';
import { cpuSecondsOf } from '../processes.ts';
import type { Line, Report } from '../report.ts';
import { startSluice } from '../sluice.ts';
import { median, ratios } from '../stats.ts';
import { atRest, type Rest } from './at-rest.ts';
import { type Fairness, fairnessOf } from './fairness.ts';
import { fill, wrongCounts } from './fill.ts';

const MANY = 10_000;
const FEW = 50;
const PER_JOB = 20;
const ROUNDS = 2;
/** Filling and sending take a minute each on a quiet machine. */
const PATIENCE_MS = 400_000;
const LAST_JOBS = 64;

interface Round {
  senders: number;
  perSecond: number;
  cpu: Record<string, number>;
  coresElsewhere: number | undefined;
  fairness: Fairness;
  faults: string[];
}

export const many: Bench = {
  name: 'many',
  run: async (setting) => {
    const { only, rounds = ROUNDS, perSender: perJob = PER_JOB } = setting.options;
    const wanted = (name: string): boolean => !only || only.includes(name);
    const downstream = await startDownstream();
    const results: Record<'many' | 'few', Round[]> = { many: [], few: [] };
    let rest: Rest | undefined;
    try {
      for (let round = 0; round < rounds; round++) {
        if (wanted('many')) results.many.push(await runJobs(setting, downstream, MANY, perJob));
        if (wanted('few')) results.few.push(await runJobs(setting, downstream, FEW, perJob));
      }
      if (wanted('rest')) rest = await atRest(setting, downstream, MANY);
    } finally {
      await downstream.stop();
    }
    return reportOf(results, rest, perJob);
  },
};

/** The same jobs, one for each of ten thousand senders, or dealt out to fifty. */
async function runJobs(
  setting: Setting,
  downstream: Downstream,
  senders: number,
  perJob: number,
): Promise<Round> {
  await downstream.reset();
  const sluice = await startSluice({
    redisUrl: setting.redisUrl,
    brokers: undefined,
    senders,
    platformUrl: downstream.url,
    workers: ['intake', 'upkeep'],
  });
  try {
    const startedAt = performance.now();
    const jobs = await fill(sluice, { jobs: MANY, senders, perJob });
    // Intake works them off in the order of their posts, a few side by side.
    await sluice.reach(jobs.slice(-LAST_JOBS), ['queued'], PATIENCE_MS);
    setting.say(
      `many ${senders} senders: queued after ${Math.round((performance.now() - startedAt) / 1_000)} s`,
    );
    const program = await sluice.startDispatch();
    const total = MANY * perJob;
    const meters = {
      worker: () => cpuSecondsOf(program.pid),
      redis: () => setting.redis.cpuSeconds(),
      sandbox: () => cpuSecondsOf(downstream.pid),
      beside: sluice.cpuBeside,
    };
    const measured = await downstream.measure(total, meters, PATIENCE_MS);
    const fairness = await fairnessOf(downstream.url, total / senders);
    await sluice.reach(jobs.slice(-LAST_JOBS), ['completed'], PATIENCE_MS);
    const faults = [...(await downstream.faults(total)), ...(await wrongCounts(sluice, jobs, perJob))];
    const round = { senders, ...measured, fairness, faults };
    setting.say(`many ${senders} senders: ${sentence(round)}`);
    return round;
  } finally {
    await sluice.stop();
    await setting.redis.clear(sluice.namespace);
  }
}

function sentence({ perSecond, cpu, coresElsewhere = 0, fairness, faults }: Round): string {
  const times = Object.entries(cpu).map(([who, seconds]) => `${who} ${seconds.toFixed(3)}`);
  const jain = `Jain ${fairness.finish.toFixed(4)} (finish), ${fairness.halfway.toFixed(4)} (half-way)`;
  return `${Math.round(perSecond)}/s; ${jain}; CPU s per 1,000: ${times.join(', ')}; others keep ${coresElsewhere.toFixed(1)} cores busy${faults.map((fault) => `; ${fault}`).join('')}`;
}

function reportOf(
  { many: ours, few }: Record<'many' | 'few', Round[]>,
  rest: Rest | undefined,
  perJob: number,
): Report {
  const [mine, theirs] = [ours, few].map((rounds) => rounds.map(({ perSecond }) => perSecond)) as [
    number[],
    number[],
  ];
  const lines: Line[] = [];
  if (mine.length > 0 && theirs.length > 0)
    lines.push({
      what: '10,000 senders × 20',
      unit: '/s',
      ours: median(mine),
      peer: { name: 'the same jobs on 50', value: median(theirs) },
      ratio: median(ratios(mine, theirs)),
      target: { atLeast: 0.9 },
    });
  if (ours.length > 0)
    lines.push({
      what: "Jain's index of 10,000 finish rates",
      unit: '',
      ours: median(ours.map(({ fairness }) => fairness.finish)),
      target: { atLeast: 0.99 },
    });
  if (rest)
    lines.push(
      {
        what: 'dispatch at rest, 10,000 held lanes',
        unit: '% of a core',
        ours: rest.dispatchCores * 100,
        target: { atMost: 5 },
      },
      { what: '202 to first call, idle lane, p50', unit: 'ms', ours: rest.p50Ms },
      { what: '202 to first call, idle lane, p95', unit: 'ms', ours: rest.p95Ms },
    );
  return {
    benchmark: 'many',
    setting: `${MANY} jobs of ${perJob} messages on ${MANY} senders and on ${FEW}, each sender its own home, one dispatch process, log in Redis`,
    lines,
    details: { many: ours, few, rest },
    faults: [...ours, ...few].flatMap(({ faults }) => faults).concat(rest?.faults ?? []),
  };
}
