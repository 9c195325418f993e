// Courses that do one thing again and again, each with a bound of its own.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { until } from '../../support/until.ts';
import type { Verdict } from './check.ts';
import type { CourseOptions } from './course.ts';
import { elapsed, type Fleet } from './fleet.ts';
import type { Fault, Kind, Target } from './schedule.ts';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../../..');

export interface NamedOptions {
  seed: number;
  folder: string;
  full: boolean;
  /** In place of those of the course. */
  rounds: number | undefined;
  /** A commit. */
  old: string;
}

export const COURSES: Record<string, (options: NamedOptions) => CourseOptions | Promise<CourseOptions>> = {
  told: ({ seed, folder, full, rounds = full ? 100 : 10 }) => ({
    ...trickle(rounds, 40),
    seed,
    folder,
    also: (fleet) => killAfterAccepts(fleet, rounds),
  }),
  'redis-away': ({ seed, folder, full, rounds = full ? 10 : 1 }) => ({
    ...trickle(rounds * AWAYS.length, 500),
    seed,
    folder,
    patienceMs: 240_000,
    also: (fleet) => redisAway(fleet, rounds),
  }),
  releases: async ({ seed, folder, old, rounds = 10 }) => ({
    ...trickle(rounds, 40),
    seed,
    folder,
    olderFolder: await older(old),
    also: (fleet) => restartAll(fleet, rounds),
  }),
};

/** Messages go all the time, slowly, so that each round has some. */
const trickle = (rounds: number, messages: number): Omit<CourseOptions, 'seed' | 'folder'> => ({
  jobs: Math.max(4, Math.ceil((rounds * messages) / 100)),
  rows: 100,
  postingMs: 1_000,
  faults: [],
  patienceMs: 120_000,
  throughput: 10,
  latencyMs: 100,
});

const PROGRESS_MS = 30_000;
const KILLED: Target[] = ['dispatch', 'notify', 'redis', 'dispatch', 'receipts', 'intake', 'upkeep', 'api'];

const takenOf = async ({ stage }: Fleet): Promise<number> => (await stage.platform.ledger()).totals.taken;

/** Resolves with how long it took until another message was accepted, ms. */
async function anotherTaken(fleet: Fleet): Promise<number> {
  const startedAt = performance.now();
  const before = await takenOf(fleet);
  await until(async () => (await takenOf(fleet)) > before, { what: 'a message', timeoutMs: 2 * PROGRESS_MS });
  return performance.now() - startedAt;
}

const strike = (target: Target, kind: Kind, over: Partial<Fault> = {}): Fault => ({
  atMs: 0,
  kind,
  target,
  which: 0,
  forMs: 0,
  ...over,
});

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
