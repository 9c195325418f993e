// Processes that tests of this run started and left behind. They hold the output of the worker that started them, and
// vitest waits for the end of that output: one of them would keep a finished run waiting for ever.
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

const mark = 'SLUICE_TEST_RUN';

/** From here on, every process that we start carries this run's mark in its environment, and so do its children. */
export function markRun(): void {
  process.env[mark] = randomUUID();
}

/** Ends, by its pid, each process of this run that is no child of ours (vitest sees to those); gives their command lines. */
export function endLeftovers(): string[] {
  return pids().flatMap((pid) => {
    if (pid === process.pid || !marked(pid) || parentOf(pid) === process.pid) return [];
    const command = read(pid, 'cmdline').replaceAll('\0', ' ').trim();
    try {
      process.kill(pid, 'SIGKILL');
      return [command];
    } catch {
      return []; // it ended by itself in the meantime
    }
  });
}

/** Only Linux tells whose child a process is and what it was started with; elsewhere there is nothing to end. */
function pids(): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

function marked(pid: number): boolean {
  return read(pid, 'environ').split('\0').includes(`${mark}=${process.env[mark]}`);
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(read(pid, 'status'))?.[1] ?? 0);
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // gone, or another user's
  }
}
