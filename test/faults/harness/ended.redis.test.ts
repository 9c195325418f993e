// The harness is ended by SIGTERM in the middle of a course: nothing that it has started goes on.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startProgram } from '../../support/program.ts';
import { until } from '../../support/until.ts';

/** A Redis, the simulated platform, and the first processes of the service. */
const SOME = 4;

/** Linux tells the children of a thread. */
const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

function lives(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test('nothing is left behind', async () => {
  if (process.platform !== 'linux') return;
  const harness = startProgram('test/faults/harness/main.ts', ['--course', 'told', '--rounds', '1'], {});
  const some = () => childrenOf(harness.pid).length >= SOME;
  await until(some, { what: 'it has started processes', timeoutMs: 30_000 });
  const children = childrenOf(harness.pid);
  harness.kill('SIGTERM');
  expect(await harness.ended).not.toBe(0);
  await until(() => !children.some(lives), { what: 'all of them have ended' });
});
