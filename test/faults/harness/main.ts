// `npm run faults [-- --seed N] [--full] [--kafka] [--planted] [--rolling]`: real processes, a client, the simulated platform and a customer's
// receiver, each with a history; a seeded schedule of kills, freezes, restarts and partitions; and a judge who reads the histories only.
//   --seed N    does what N did before; without it a new seed is drawn, and printed
//   --full      200 faults in 15 minutes over 20,000 recipients in 200 jobs; else a tenth
//   --kafka     the log is Kafka
//   --planted   proves the judge, and no more: five bugs, each planted into a copy of the sources, must be seen
//   --only X    of these only the courses with X in their name
//   --rolling   only 20 restarts under load, one after the other, two API processes on one port: nothing refused, nothing unknown
//   --course X  one course of courses.ts: told, redis-away or releases; with --rounds N, else a tenth of what --full does
//   --old REF   of releases: the commit whose processes run beside those of this tree
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock as clock } from '../../../src/base/clock.ts';
import { provideKafka } from '../../../src/setup/kafka.ts';
import type { Verdict } from './check.ts';
import { type CourseOptions, runCourse } from './course.ts';
import { COURSES } from './courses.ts';
import { provePlants } from './planted.ts';
import { type Fault, scheduleOf, type Target } from './schedule.ts';

const flag = { type: 'boolean', default: false } as const;
const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    full: flag,
    kafka: flag,
    planted: flag,
    rolling: flag,
    course: { type: 'string' },
    rounds: { type: 'string' },
    old: { type: 'string', default: 'HEAD~20' },
    only: { type: 'string', default: '' },
  },
});
const seed = values.seed === undefined ? Math.floor(clock.random() * 2 ** 31) : Number(values.seed);
const folder = await mkdtemp(path.join(tmpdir(), 'sluice-faults-'));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const ROLLED: Target[] = [
  'api',
  'dispatch',
  'intake',
  'receipts',
  'notify',
  'upkeep',
  'api',
  'dispatch',
  'intake',
  'dispatch',
];

process.exitCode = (await run()) ? 0 : 1;
process.exit();

async function run(): Promise<boolean> {
  say(`seed ${seed}; histories in ${folder}`);
  const needsKafka = values.kafka || values.planted;
  const kafka = needsKafka ? await provideKafka({ docker: 'testcontainers' }) : undefined;
  try {
    if (values.planted)
      return await provePlants({ folder, seed, kafka: kafka?.brokers ?? '', only: values.only, say });
    const course = values.rolling
      ? rolling()
      : values.course === undefined
        ? kills()
        : await named(values.course);
    const verdict = await runCourse({ ...course, kafka: values.kafka ? kafka?.brokers : undefined });
    tell(verdict);
    return verdict.violations.length === 0;
  } finally {
    await kafka?.stop();
  }
}

function named(name: string): CourseOptions | Promise<CourseOptions> {
  const course = COURSES[name];
  if (!course) throw new Error(`the courses are: ${Object.keys(COURSES).join(', ')}`);
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  return course({ seed, folder: path.join(folder, name), full: values.full, rounds, old: values.old });
}

function kills(): CourseOptions {
  const [faults, overMs, jobs, rows] = values.full ? [200, 900_000, 200, 100] : [20, 90_000, 20, 100];
  return {
    seed,
    folder: path.join(folder, 'kills'),
    jobs,
    rows,
    postingMs: overMs * 0.9,
    faults: scheduleOf({ seed, faults, overMs, kafka: values.kafka }),
    patienceMs: 120_000,
    throughput: 40,
    latencyMs: 200,
  };
}

function rolling(): CourseOptions {
  const faults = Array.from({ length: 20 }, (_, i): Fault => {
    const target = ROLLED[i % ROLLED.length] ?? 'api';
    return {
      atMs: 1_000 + i * 2_500,
      kind: 'restart',
      target,
      which: Math.floor(i / ROLLED.length),
      forMs: 0,
    };
  });
  return {
    seed,
    folder: path.join(folder, 'rolling'),
    jobs: 200,
    rows: 20,
    postingMs: 55_000,
    faults,
    patienceMs: 60_000,
    throughput: 80,
    latencyMs: 50,
    gentle: true,
    onePort: true,
  };
}

function tell({ violations, figures }: Verdict): void {
  for (const [name, figure] of Object.entries(figures)) say(`${name}: ${figure}`);
  for (const violation of violations.slice(0, 50)) say(`BROKEN  ${violation}`);
  say(violations.length === 0 ? 'nothing lost, nothing twice' : `${violations.length} broken; seed ${seed}`);
}
