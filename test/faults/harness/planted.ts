// The judge is judged: five bugs, each planted into a copy of the sources, each in a short course in which it does harm. The same courses on
// sources without a bug must find nothing, or the judge would cry at everything.
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { numberOf } from '../../support/stage.ts';
import { until } from '../../support/until.ts';
import { runCourse } from './course.ts';
import type { Fleet } from './fleet.ts';
import type { CourseOptions } from './options.ts';
import type { Fault } from './schedule.ts';

const root = path.resolve(import.meta.dirname, '../../..');

interface Patch {
  file: string;
  from: string;
  to: string;
}

interface Plant {
  name: string;
  patches: Patch[];
  course: Course;
}

type Course = keyof typeof COURSES;

const fault = (over: Partial<Fault>): Fault => ({
  atMs: 2_000,
  kind: 'kill',
  target: 'dispatch',
  which: 0,
  forMs: 0,
  ...over,
});

const SHORT = { jobs: 12, rows: 25, postingMs: 4_000, throughput: 40, latencyMs: 300, patienceMs: 25_000 };

const REFUSED = 4;

/** The first calls are refused, slowly; their worker is frozen meanwhile, until another has called the same people again. */
async function staleAnswers(fleet: Fleet): Promise<undefined> {
  const { platform } = fleet.stage;
  await platform.fault({ kind: 'throttle', count: REFUSED, delay_ms: 1_500 });
  await until(async () => (await platform.arrivals()).length >= REFUSED, {
    what: 'the first calls',
    timeoutMs: 20_000,
  });
  const frozen = fleet.program('dispatch', 0);
  frozen?.kill('SIGSTOP');
  for (const sender of ['s1', 's2']) await platform.number(numberOf(sender), { latency_ms: 4_000 });
  await fleet.add('dispatch');
  const again = async () => {
    const times = Map.groupBy(await platform.arrivals(), ({ to }) => to);
    return [...times.values()].some((calls) => calls.length > 1);
  };
  await until(again, { what: 'somebody is called again', timeoutMs: 40_000 });
  frozen?.kill('SIGCONT');
}

const COURSES = {
  'the log is cut while jobs are posted': (): Partial<CourseOptions> => ({
    ...SHORT,
    faults: [
      fault({ atMs: 500, target: 'kafka', kind: 'part', forMs: 1_500 }),
      fault({ atMs: 3_000, target: 'kafka', kind: 'mute', forMs: 11_000 }),
    ],
  }),
  'workers are frozen past their lease': (): Partial<CourseOptions> => ({
    ...SHORT,
    kafka: undefined,
    faults: [
      fault({ kind: 'freeze', forMs: 5_000 }),
      fault({ atMs: 2_100, kind: 'freeze', which: 1, forMs: 1_000 }),
      fault({ atMs: 9_000, kind: 'freeze', which: 1, forMs: 5_000 }),
    ],
  }),
  'an answer comes after the next try': (): Partial<CourseOptions> => ({
    ...SHORT,
    kafka: undefined,
    jobs: 2,
    rows: REFUSED / 2,
    postingMs: 100,
    faults: [],
    dispatchers: 1,
    env: { RESEND_AFTER: '1s' },
    body: { on_unknown: 'resend' },
    patienceMs: 60_000,
    also: staleAnswers,
  }),
};

const PLANTS: Plant[] = [
  {
    name: "done before the log's word",
    course: 'the log is cut while jobs are posted',
    patches: [
      {
        file: 'src/accept/accept.ts',
        from: '  await appendJob(station.log, records.entries);\n  try {',
        to: '  await Promise.all([station.ledger.create(records.seal), station.claims.done(held, reply)]);\n  await appendJob(station.log, records.entries);\n  try {',
      },
    ],
  },
  {
    name: 'another id on a retry',
    course: 'the log is cut while jobs are posted',
    patches: [
      {
        file: 'src/accept/accept.ts',
        from: '[workspace, environment, request.route, key]),',
        to: '[workspace, environment, request.route, key, station.clock.randomHex(8)]),',
      },
      {
        file: 'src/accept/lua/claim.lua',
        from: "job, home, created, resumed = held[3], held[4], held[5], held[8] or '0'",
        to: "home, created, resumed = held[4], held[5], held[8] or '0'",
      },
    ],
  },
  {
    name: 'started is queued after a takeover',
    course: 'workers are frozen past their lease',
    patches: [{ file: 'workers/dispatch/overdue.ts', from: "to: 'u' as const", to: "to: 'q' as const" }],
  },
  {
    name: 'a take without fencing',
    course: 'workers are frozen past their lease',
    patches: [
      {
        file: 'src/lanes/lua/_lane.lua',
        from: "return h[1] == fence and tonumber(h[2] or '0') > now",
        to: 'return true',
      },
    ],
  },
  {
    name: 'a settle that ignores its try',
    course: 'an answer comes after the next try',
    patches: [
      {
        file: 'workers/dispatch/lua/_apply.lua',
        from: 'if (chunk.tries:byte(offset) or 0) ~= o.try then',
        to: 'if false then',
      },
    ],
  },
];

export interface ProveOptions {
  folder: string;
  seed: number;
  kafka: string;
  /** Only courses whose name has this. */
  only: string;
  say(line: string): void;
}

/** Whether each is seen, and nothing is where there is none. */
export async function provePlants({ folder, seed, kafka, only, say }: ProveOptions): Promise<boolean> {
  let proven = true;
  const go = async (name: string, course: Course, sources: string | undefined): Promise<string[]> => {
    const own = path.join(folder, name.replace(/\W+/g, '-'));
    const base = { seed, folder: own, kafka, sources, ...COURSES[course]() } as CourseOptions;
    return (await runCourse(base)).violations;
  };
  for (const course of (Object.keys(COURSES) as Course[]).filter((one) => one.includes(only))) {
    const violations = await go(`clean ${course}`, course, undefined);
    say(
      `${violations.length === 0 ? 'as it should' : 'WRONG'}: ${course}, no bug: ${violations[0] ?? 'nothing is seen'}`,
    );
    proven &&= violations.length === 0;
  }
  for (const { name, course, patches } of PLANTS.filter((one) => one.course.includes(only))) {
    const sources = await plant(path.join(folder, 'sources', name.replace(/\W+/g, '-')), patches);
    const violations = await go(name, course, sources);
    say(`${violations.length > 0 ? 'seen' : 'NOT SEEN'}: ${name}: ${violations[0] ?? ''}`);
    proven &&= violations.length > 0;
  }
  return proven;
}

async function plant(folder: string, patches: readonly Patch[]): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const part of ['src', 'workers', 'package.json'])
    await cp(path.join(root, part), path.join(folder, part), { recursive: true });
  await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  for (const { file, from, to } of patches) {
    const text = await readFile(path.join(folder, file), 'utf8');
    if (!text.includes(from)) throw new Error(`the plant does not fit ${file} any more`);
    await writeFile(
      path.join(folder, file),
      text.replace(from, () => to),
    );
  }
  return folder;
}
