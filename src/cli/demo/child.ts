// A program of the project as a child of the demo: its output in a file, ended by its pid, and never left behind.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { leash, ready } from '../../setup/program.ts';

/** Above the 15 s in which a process of ours ends by itself. */
const STOP_MAX_MS = 17_000;
const READY_MAX_MS = 45_000;
const LAST_LINES = 12;

const root = path.resolve(import.meta.dirname, '../../..');

/** Ends the demo: a sentence, and the end of the log of whoever failed. */
export class DemoFailure extends Error {
  readonly log: string | undefined;
  constructor(message: string, log?: string) {
    super(message);
    this.name = 'DemoFailure';
    this.log = log;
  }
}

export interface Child {
  readonly logFile: string;
  running(): boolean;
  /** Rejects with {@link DemoFailure} when it ends before `stop` was called; never resolves. */
  readonly failed: Promise<never>;
  /** Waits until `url` answers 200. Throws {@link DemoFailure}. */
  ready(url: string): Promise<void>;
  stop(): Promise<void>;
}

export interface ChildOptions {
  /** As in "the service ended": begins a sentence. */
  name: string;
  args: string[];
  env: Record<string, string | undefined>;
  logFile: string;
  clock: Clock;
}

export function startChild({ name, args, env, logFile, clock }: ChildOptions): Child {
  const log = openSync(logFile, 'a');
  // A session of its own: a Ctrl-C is the demo's to handle, which ends its children in order.
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const watch = leash('kill -KILL "$1" 2>/dev/null', String(child.pid));
  const gone = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (status, signal) => resolve(signal ?? `exit status ${status}`));
  });
  const running = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  const failure = async (what: string) =>
    new DemoFailure(`${name} ${what}.`, await lastLines(logFile).catch(() => undefined));
  let stopping = false;
  const failed = gone.then(async (how) => {
    if (stopping) return new Promise<never>(() => {});
    throw await failure(`has ended by itself (${how})`);
  });
  failed.catch(() => {}); // whoever cares waits for it too
  return {
    logFile,
    running,
    failed,
    ready: async (url) => {
      if (await Promise.race([failed, ready(() => answersOk(url), READY_MAX_MS, running)])) return;
      if (!running()) return failed;
      throw await failure(`is not ready after ${READY_MAX_MS / 1_000} s`);
    },
    stop: async () => {
      stopping = true;
      const force = clock.after(STOP_MAX_MS, () => child.kill('SIGKILL'));
      if (running()) child.kill('SIGTERM');
      await gone;
      force.cancel();
      watch.release();
    },
  };
}

async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.text();
    return response.ok;
  } catch {
    return false;
  }
}

async function lastLines(file: string): Promise<string> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n').slice(-LAST_LINES);
  return `${lines.map((line) => `  ${line.slice(0, 400)}`).join('\n')}\n  (all of it: ${file})`;
}
