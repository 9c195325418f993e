// Kills this process when its event loop has stood still for 15 s: nothing inside the loop could see that. A thread of its own looks, by counting
// the loop's beats; a process that was frozen as a whole is left alone, because the thread was frozen too.
import { Worker } from 'node:worker_threads';
import type { Clock } from './clock.ts';

const BEAT_MS = 500;

/** Guards until the process ends. */
export function guardLoop(clock: Clock): void {
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const guard = new Worker(new URL('./loop-guard-thread.ts', import.meta.url), { workerData: beats });
  guard.unref();
  const beat = (): void => {
    Atomics.add(beats, 0, 1);
    clock.after(BEAT_MS, beat);
  };
  beat();
}
