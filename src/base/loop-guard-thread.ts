// The thread of loop-guard.ts. It looks once a second, and counts its own looks instead of time: both stand still when the process is frozen.
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { systemClock } from './clock.ts';

const LOOK_MS = 1_000;
const LOOKS_WITHOUT_A_BEAT = 15;
const STDERR = 2;

const beats = workerData as Int32Array;
let seen = -1;
let still = 0;

function look(): void {
  const now = Atomics.load(beats, 0);
  still = now === seen ? still + 1 : 0;
  seen = now;
  if (still >= LOOKS_WITHOUT_A_BEAT) {
    writeSync(STDERR, `the event loop of process ${process.pid} stands still: it is killed\n`);
    process.kill(process.pid, 'SIGKILL');
  }
  systemClock.after(LOOK_MS, look);
}

look();
