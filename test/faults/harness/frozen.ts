// A dispatch process stands still at the worst moments, for longer than the lease of its turn: after the claim, after the record of its calls,
// before a call is written and after it. It stops itself, at that very moment; another takes over; then it goes on.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { until } from '../../support/until.ts';
import type { Verdict } from './check.ts';
import { runCourse } from './course.ts';
import type { Fleet } from './fleet.ts';
import { FED, type NamedOptions } from './options.ts';
import { strike } from './schedule.ts';

const FREEZE_AT = path.resolve(import.meta.dirname, '../../support/freeze-at.mjs');
const POINTS = ['claim', 'record', 'before', 'after'];
/** A turn's lease is 3 s. */
const FREEZE_MS = 4_000;
const DISPATCHERS = 3;
const REACHED_MS = 60_000;

export function frozen({ seed, folder, rounds, kafka }: NamedOptions): Promise<Verdict> {
  const order = path.join(folder, 'freeze');
  return runCourse({
    seed,
    folder,
    kafka,
    ...FED,
    dispatchers: DISPATCHERS,
    env: { NODE_OPTIONS: `--import ${FREEZE_AT}`, FREEZE_FILE: order },
    also: (fleet) => freezeAll(fleet, order, rounds),
  });
}

async function freezeAll(fleet: Fleet, order: string, rounds: number): Promise<Partial<Verdict>> {
  const figures: Record<string, number> = {};
  let known = 0;
  for (let round = 0; round < rounds; round += 1)
    for (const point of POINTS) {
      const pid = await stopped(fleet, order, point, known);
      known = (await stops(order)).length;
      const which = pids(fleet).indexOf(pid);
      await fleet.strike(strike('dispatch', 'freeze', { which, forMs: FREEZE_MS }));
      const name = `frozen at: ${point}`;
      figures[name] = (figures[name] ?? 0) + 1;
    }
  return { figures };
}

/** The process that has stopped itself there; no other will. */
async function stopped(fleet: Fleet, order: string, point: string, known: number): Promise<number> {
  await tell(fleet, order, point);
  const pid = await until(async () => (await stops(order))[known], { what: point, timeoutMs: REACHED_MS });
  await tell(fleet, order, '');
  return pid;
}

async function tell(fleet: Fleet, order: string, point: string): Promise<void> {
  await writeFile(order, point);
  for (const which of Array(DISPATCHERS).keys()) fleet.program('dispatch', which)?.kill('SIGUSR2');
}

const pids = (fleet: Fleet): (number | undefined)[] =>
  [...Array(DISPATCHERS).keys()].map((which) => fleet.program('dispatch', which)?.pid);

async function stops(order: string): Promise<number[]> {
  const text = await readFile(`${order}.stopped`, 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean).map(Number);
}
