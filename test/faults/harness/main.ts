// `npm run faults [-- --seed N] [--full] [--course X] [--rounds N] [--kafka] [--planted]`: real processes, a client, the simulated platform and a
// customer's receiver, each with a history; faults by a seed; and a judge who reads the histories only.
//   --seed N    does what N did before; without it a new seed is drawn, and printed
//   --course X  one course of courses.ts, else all, one after the other
//   --rounds N  so often; else a tenth of what --full does
//   --full      every count whole: an hour and a half
//   --kafka     the log is Kafka, also where Redis would do
//   --planted   proves the judge, and no more: five bugs, each planted into a copy of the sources, must be seen
//   --only X    of these, and of the losses of memory, only those with X in their name
//   --old REF   of releases: the commit whose processes run beside those of this tree
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock as clock } from '../../../src/base/clock.ts';
import { provideKafka } from '../../../src/setup/kafka.ts';
import { openRecord } from '../../support/run-record.ts';
import type { Verdict } from './check.ts';
import { COURSES } from './courses.ts';
import { provePlants } from './planted.ts';

const flag = { type: 'boolean', default: false } as const;
const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    full: flag,
    kafka: flag,
    planted: flag,
    course: { type: 'string' },
    rounds: { type: 'string' },
    old: { type: 'string', default: 'HEAD~20' },
    only: { type: 'string', default: '' },
  },
});
const seed = values.seed === undefined ? Math.floor(clock.random() * 2 ** 31) : Number(values.seed);
const folder = await mkdtemp(path.join(tmpdir(), 'sluice-faults-'));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

// Whoever ends this process ends what it has started.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
process.exitCode = (await run()) ? 0 : 1;
process.exit();

async function run(): Promise<boolean> {
  say(`seed ${seed}; histories in ${folder}, what the processes wrote in ${openRecord()}`);
  const names = values.course === undefined ? Object.keys(COURSES) : [values.course];
  const unknown = names.find((name) => COURSES[name] === undefined);
  if (unknown)
    throw new Error(`there is no course ${unknown}; there are: ${Object.keys(COURSES).join(', ')}`);
  const needsKafka = values.kafka || values.planted || names.some((name) => COURSES[name]?.kafka);
  const kafka = needsKafka ? await provideKafka({ docker: 'testcontainers' }) : undefined;
  const brokers = kafka?.brokers;
  try {
    if (values.planted)
      return await provePlants({ folder, seed, kafka: brokers ?? '', only: values.only, say });
    let good = true;
    for (const name of names) good = (await runNamed(name, brokers)) && good;
    return good;
  } finally {
    await kafka?.stop();
  }
}

async function runNamed(name: string, brokers: string | undefined): Promise<boolean> {
  const course = COURSES[name];
  if (!course) return false;
  const { full, short = Math.ceil(full / 10) } = course;
  const rounds = values.rounds === undefined ? (values.full ? full : short) : Number(values.rounds);
  say(`-- ${name}, ${rounds} rounds`);
  const startedAt = performance.now();
  const verdict = await course.run({
    seed,
    folder: path.join(folder, name),
    rounds,
    old: values.old,
    only: values.only,
    kafka: values.kafka || course.kafka ? brokers : undefined,
  });
  tell(verdict);
  say(`${name}: ${Math.round((performance.now() - startedAt) / 1_000)} s`);
  return verdict.violations.length === 0;
}

function tell({ violations, figures }: Verdict): void {
  for (const [name, figure] of Object.entries(figures)) say(`${name}: ${figure}`);
  for (const violation of violations.slice(0, 50)) say(`BROKEN  ${violation}`);
  say(violations.length === 0 ? 'nothing lost, nothing twice' : `${violations.length} broken; seed ${seed}`);
}
