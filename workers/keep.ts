// `npm start`: everything in one process, and that process started anew whenever it ends with trouble after it had served. Signals go through;
// a bad setting is told once, and not tried again.
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { backoffMs } from '../src/base/backoff.ts';
import { systemClock as clock } from '../src/base/clock.ts';

const AGAIN = { baseMs: 500, capMs: 30_000 };
/** A process that has served for so long starts the waiting times anew. */
const STEADY_MS = 60_000;

let child: ChildProcess;
let ending = false;
let failures = 0;

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    ending = true;
    child.kill(signal);
  });
process.on('SIGHUP', () => void child.kill('SIGHUP'));

run();

function run(): void {
  const startedUs = clock.monotonicUs();
  let served = false;
  child = spawn(process.execPath, [path.join(import.meta.dirname, 'run.ts'), 'start'], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.once('message', () => {
    served = true;
  });
  child.once('exit', (status, signal) => {
    if (ending || status === 0 || !served) process.exit(status ?? 1);
    failures = clock.monotonicUs() - startedUs > STEADY_MS * 1_000 ? 0 : failures + 1;
    const delayMs = backoffMs(AGAIN, failures, clock.random);
    process.stderr.write(`sluice ended with ${signal ?? status}; it starts again\n`);
    clock.after(delayMs, run);
  });
}
