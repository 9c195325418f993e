// Programs that a benchmark runs beside itself: started, waited for, measured, and ended by their pid whatever happens.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { leash } from '../src/setup/program.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const START_MS = 30_000;
const STOP_MS = 15_000;
const KEPT_LINES = 20;
/** The kernel counts CPU time in hundredths of a second, whatever its timer is. */
const TICKS_PER_SECOND = 100;

export interface Program {
  pid: number;
  /** The first line of its output that matches, past or to come. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();

/** Runs one of the project's programs on this Node. */
export function startProgram(args: readonly string[], env: Record<string, string>): Program {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pid = child.pid ?? 0;
  // A benchmark that was killed leaves nothing behind.
  const watch = leash('kill -KILL "$1" 2>/dev/null', String(pid));
  running.add(child);
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.once('exit', () => {
    running.delete(child);
    watch.release();
  });
  const lines = readLines(child);
  return {
    pid,
    says: (pattern) => lines.first(pattern, `${args.join(' ')} (pid ${pid})`),
    stop: async () => {
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await gone;
      clearTimeout(force);
    },
  };
}

/** For the way out, however it came. */
export function killPrograms(): void {
  for (const child of running) child.kill('SIGKILL');
}

interface Lines {
  first(pattern: RegExp, who: string): Promise<RegExpExecArray>;
}

function readLines(child: ChildProcess): Lines {
  const kept: string[] = [];
  const listeners = new Set<(line: string) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      kept.push(line);
      if (kept.length > KEPT_LINES) kept.shift();
      for (const listener of listeners) listener(line);
    });
  }
  return {
    first: (pattern, who) =>
      new Promise((resolve, reject) => {
        const fail = (why: string): void => reject(new Error(`${who} ${why}:\n${kept.join('\n')}`));
        const late = setTimeout(fail, START_MS, `has not said ${pattern}`);
        const listener = (line: string): void => {
          const match = pattern.exec(line);
          if (!match) return;
          clearTimeout(late);
          listeners.delete(listener);
          resolve(match);
        };
        child.once('exit', () => fail('has ended'));
        listeners.add(listener);
        for (const line of kept) listener(line);
      }),
  };
}

/** CPU seconds that a process has used; undefined where the system does not tell, or the process runs elsewhere. */
export function cpuSecondsOf(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return undefined;
  }
}

/** CPU seconds that all cores have been busy since the machine started; undefined where the system does not tell. */
export function machineCpuSeconds(): number | undefined {
  try {
    const [, ...fields] = readFileSync('/proc/stat', 'utf8').split('\n')[0]?.split(/ +/) ?? [];
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = fields.map(Number);
    return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
  } catch {
    return undefined;
  }
}
