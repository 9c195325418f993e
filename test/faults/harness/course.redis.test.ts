// A short course of the faults harness with a seed that stays: six faults in a quarter of a minute. `npm run faults` draws a new seed and goes on for longer.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runCourse } from './course.ts';
import { scheduleOf } from './schedule.ts';

const SEED = 7;
const OVER_MS = 15_000;

test('six faults: nothing lost, nothing twice', { timeout: 180_000 }, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-faults-'));
  const verdict = await runCourse({
    seed: SEED,
    folder,
    jobs: 6,
    rows: 60,
    postingMs: OVER_MS * 0.8,
    faults: scheduleOf({ seed: SEED, faults: 6, overMs: OVER_MS, kafka: false }),
    patienceMs: 60_000,
    throughput: 40,
    latencyMs: 100,
  });
  console.info(`seed ${SEED}: ${JSON.stringify(verdict.figures)}`);
  expect(verdict.violations).toEqual([]);
  expect(verdict.figures).toMatchObject({ 'jobs acknowledged': 6, faults: 6, 'received twice': 0 });
  await rm(folder, { recursive: true });
});
