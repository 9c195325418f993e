// A program of ours as a process of its own: its log read line by line, its end watched, and nothing left behind.
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { keepOutput } from './run-record.ts';
import { until } from './until.ts';

const root = path.resolve(import.meta.dirname, '../..');
const KEPT_LINES = 5_000;

const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

export interface Program {
  pid: number;
  /** What it wrote to its output and its errors, newest last. */
  lines: string[];
  /** The first line, from now or before, that `match` gives something for. */
  seen<T>(what: string, match: (line: string) => T | undefined, timeoutMs?: number): Promise<NonNullable<T>>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit status, null after a signal that killed. */
  ended: Promise<number | null>;
  /** Ends it for good, at once. */
  end(): Promise<void>;
}

/** Starts `node file …args` with nothing of this process's environment but PATH and what is given. */
export function startProgram(
  file: string,
  args: string[],
  env: Record<string, string>,
  folder = root,
): Program {
  const child = spawn(process.execPath, [path.join(folder, file), ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  alive.add(child);
  keepOutput(file, child.pid ?? 0, [child.stdout, child.stderr]);
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
    });
  }
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (status) => {
      alive.delete(child);
      resolve(status);
    });
  });
  const tail = () => lines.slice(-10).join('\n');
  return {
    pid: child.pid ?? 0,
    lines,
    ended,
    kill: (signal) => void child.kill(signal),
    end: async () => {
      child.kill('SIGKILL');
      await ended;
    },
    seen: async (what, match, timeoutMs = 15_000) => {
      const look = () => {
        for (const line of lines) {
          const found = match(line);
          if (found !== undefined && found !== null) return { found };
        }
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`it ended with ${child.exitCode ?? child.signalCode}: ${tail()}`);
        return undefined;
      };
      return (await until(look, { what: `${what}; so far: ${tail()}`, timeoutMs })).found;
    },
  };
}

/** Matches a log line of the service by its event, and gives its fields. */
export const event =
  (name: string) =>
  (line: string): Record<string, unknown> | undefined => {
    if (!line.includes(`"${name}"`)) return undefined;
    const fields = JSON.parse(line) as Record<string, unknown>;
    return fields.event === name ? fields : undefined;
  };
