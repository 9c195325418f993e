// Courses that do one thing again and again, each with a bound of its own.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { until } from '../../support/until.ts';
import type { Verdict } from './check.ts';
import { runCourse } from './course.ts';
import { elapsed, type Fleet } from './fleet.ts';
import { frozen } from './frozen.ts';
import { memory } from './memory.ts';
import { oneKey } from './one-key.ts';
import { type CourseOptions, FED, type NamedOptions } from './options.ts';
import { produce } from './produce.ts';
import { anotherTaken, PROGRESS_MS } from './progress.ts';
import { type Kind, scheduleOf, strike, type Target } from './schedule.ts';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../../..');

interface Named {
  /** How often, with `--full`. */
  full: number;
  /** And without; a tenth. */
  short?: number;
  /** Its log is always Kafka. */
  kafka?: true;
  run(options: NamedOptions): Promise<Verdict>;
}

export const COURSES: Record<string, Named> = {
  kills: { full: 200, kafka: true, run: kills },
  frozen: { full: 50, kafka: true, run: frozen },
  produce: { full: 200, kafka: true, run: produce },
  memory: { full: 10, kafka: true, run: memory },
  'one-key': { full: 500, run: oneKey },
  'redis-away': { full: 10, run: (options) => again(options, (fleet) => redisAway(fleet, options.rounds)) },
  rolling: { full: 20, run: rolling },
  told: { full: 100, run: (options) => again(options, (fleet) => killAfterAccepts(fleet, options.rounds)) },
  releases: {
    full: 10,
    short: 4,
    run: async (options) =>
      again(options, (fleet) => restartAll(fleet, options.rounds), { olderFolder: await older(options.old) }),
  },
};

/** Faults in fifteen minutes, after a schedule; the same share of 20,000 recipients. */
function kills({ seed, folder, rounds, kafka }: NamedOptions): Promise<Verdict> {
  const overMs = rounds * 4_500;
  return runCourse({
    seed,
    folder,
    kafka,
    jobs: rounds,
    rows: 100,
    postingMs: overMs * 0.9,
    faults: scheduleOf({ seed, faults: rounds, overMs, kafka: kafka !== undefined }),
    patienceMs: 120_000,
    throughput: 40,
    latencyMs: 200,
  });
}

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
const ROLLED_EVERY_MS = 2_500;

/** Restarts under load, one after the other, two API processes on one port: nothing is refused, nothing unknown. */
function rolling({ seed, folder, rounds, kafka }: NamedOptions): Promise<Verdict> {
  const faults = Array.from({ length: rounds }, (_, i) => {
    const target = ROLLED[i % ROLLED.length] ?? 'api';
    const which = Math.floor(i / ROLLED.length);
    return strike(target, 'restart', { atMs: 1_000 + i * ROLLED_EVERY_MS, which });
  });
  return runCourse({
    seed,
    folder,
    kafka,
    jobs: rounds * 10,
    rows: 20,
    postingMs: rounds * ROLLED_EVERY_MS + 5_000,
    faults,
    patienceMs: 60_000,
    throughput: 80,
    latencyMs: 50,
    gentle: true,
    onePort: true,
  });
}

const again = (
  { seed, folder, kafka }: NamedOptions,
  also: CourseOptions['also'],
  over: Partial<CourseOptions> = {},
): Promise<Verdict> =>
  runCourse({
    seed,
    folder,
    kafka,
    ...FED,
    ...(also ? { also } : {}),
    ...over,
  });

const KILLED: Target[] = ['dispatch', 'notify', 'redis', 'dispatch', 'receipts', 'intake', 'upkeep', 'api'];

/** One process is killed right after a message was accepted, again and again. */
async function killAfterAccepts(fleet: Fleet, rounds: number): Promise<Partial<Verdict>> {
  for (let round = 0; round < rounds; round += 1) {
    await anotherTaken(fleet);
    const target = KILLED[round % KILLED.length] ?? 'dispatch';
    const which = Math.floor(round / KILLED.length);
    await fleet.strike(strike(target, 'kill', { which }));
    if (target === 'redis') continue;
    await until(() => fleet.program(target, which), { what: `${target} is back`, timeoutMs: PROGRESS_MS });
  }
  return { figures: { 'kills after an accepted message': rounds } };
}

/** Away for 1, 5 and 60 s, its connections cut, and paused for 20 s. */
const AWAYS: { kind: Kind; forMs: number; what: string }[] = [
  { kind: 'part', forMs: 1_000, what: 'away for 1 s' },
  { kind: 'part', forMs: 5_000, what: 'away for 5 s' },
  { kind: 'part', forMs: 60_000, what: 'away for 60 s' },
  { kind: 'part', forMs: 0, what: 'connections cut' },
  { kind: 'freeze', forMs: 20_000, what: 'paused for 20 s' },
];

async function redisAway(fleet: Fleet, rounds: number): Promise<Partial<Verdict>> {
  const violations: string[] = [];
  const figures: Record<string, number> = {};
  for (let round = 0; round < rounds; round += 1)
    for (const { kind, forMs, what } of AWAYS) {
      await anotherTaken(fleet);
      await fleet.strike(strike('redis', kind, { forMs }));
      const tookMs = Math.round(await anotherTaken(fleet));
      const name = `${what}: progress again (ms, the longest)`;
      figures[name] = Math.max(figures[name] ?? 0, tookMs);
      if (tookMs > PROGRESS_MS) violations.push(`Redis was ${what}: progress only after ${tookMs} ms`);
    }
  return { violations, figures };
}

/** The sources of a commit, with their packages. */
async function older(ref: string): Promise<string> {
  const { stdout } = await run('git', ['rev-parse', '--short', `${ref}^{commit}`], { cwd: root });
  const folder = path.join(root, '.sluice', 'releases', stdout.trim());
  if (existsSync(path.join(folder, 'node_modules'))) return folder;
  if (!existsSync(folder)) await run('git', ['worktree', 'add', '--detach', folder, ref], { cwd: root });
  await run('npm', ['ci', '--ignore-scripts'], { cwd: folder });
  return folder;
}

/** The work moves to and fro between the releases. */
async function restartAll(fleet: Fleet, rounds: number): Promise<Partial<Verdict>> {
  const targets: Target[] = ['dispatch', 'intake', 'notify', 'receipts', 'api'];
  for (let round = 0; round < rounds; round += 1) {
    await anotherTaken(fleet);
    const target = targets[Math.floor(round / 2) % targets.length] ?? 'dispatch';
    await fleet.strike(strike(target, 'restart', { which: round }));
    await elapsed(500);
  }
  return { figures: { restarts: rounds } };
}
