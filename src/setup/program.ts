// Programs of this machine: found on PATH, installed by apt-get where that is allowed, run to their end, or started
// as servers that never outlive us.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { accessSync, constants, openSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import path from 'node:path';

/** Cannot be had here; the message is one sentence that says what to install or start. */
export class SetupRefusal extends Error {}

export type Say = (line: string) => void;

export const sayOnStderr: Say = (line) => void process.stderr.write(`[setup] ${line}\n`);

export interface Output {
  ok: boolean;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end; a program that is missing, fails or takes too long is `ok: false`. */
export function capture(
  command: string,
  args: string[],
  timeoutMs: number,
  env = process.env,
): Promise<Output> {
  return new Promise((resolve) => {
    const options = { timeout: timeoutMs, env, maxBuffer: 16 * 1024 * 1024 };
    execFile(command, args, options, (error, stdout, stderr) => {
      resolve({ ok: error === null, stdout, stderr: stderr || (error?.message ?? '') });
    });
  });
}

export function onPath(name: string): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

let aptQueue: Promise<unknown> = Promise.resolve();
let aptUpdated = false;

/** Installs Debian packages when we are root and apt-get exists. One at a time: apt-get holds a lock. */
export function aptInstall(packages: string[], say: Say): Promise<boolean> {
  const turn = aptQueue.then(async () => {
    if (process.getuid?.() !== 0 || !onPath('apt-get')) return false;
    say(`installing ${packages.join(', ')} with apt-get (once, up to a minute) …`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    if (!aptUpdated) await capture('apt-get', ['update', '-qq'], 300_000, env);
    aptUpdated = true;
    const done = await capture(
      'apt-get',
      ['install', '-y', '-qq', '--no-install-recommends', ...packages],
      600_000,
      env,
    );
    if (!done.ok)
      say(`apt-get could not install ${packages.join(', ')}: ${done.stderr.trim().split('\n').at(-1)}`);
    return done.ok;
  });
  aptQueue = turn;
  return turn;
}

/** A free TCP port of this machine, as the kernel hands them out. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Whether something takes TCP connections there. */
export function answers(host: string, port: number, timeoutMs = 2_000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}

/** Polls until `check` says yes or the time is over; `alive` ends the wait early when it says no. */
export async function ready(
  check: () => Promise<boolean>,
  timeoutMs: number,
  alive = () => true,
): Promise<boolean> {
  const giveUpAt = performance.now() + timeoutMs;
  while (alive() && performance.now() < giveUpAt) {
    if (await check()) return true;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  return false;
}

export interface Leash {
  release(): void;
}

/**
 * Runs `command` once this process is gone, however it went (`kill -9` too): a shell that waits for the end of a
 * pipe whose other end only we hold. `release` calls it off.
 */
export function leash(command: string, ...args: string[]): Leash {
  const shell = spawn('sh', ['-c', `cat >/dev/null; ${command}`, 'sh', ...args], {
    detached: true, // a Ctrl-C at the terminal must not end the watchman before us
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  shell.on('error', () => {});
  shell.stdin.on('error', () => {});
  // Neither may keep this process from ending by itself.
  shell.unref();
  if ('unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref();
  return { release: () => void shell.kill('SIGKILL') };
}

export interface Server {
  running(): boolean;
  /** Ends the program by its pid, waits for it, and removes its folder. */
  stop(): Promise<void>;
}

/** Starts a server in a session of its own (a Ctrl-C is ours to handle, not its), its output in `folder/output.log`. */
export function startServer(command: string, args: string[], folder: string): Server {
  const log = openSync(path.join(folder, 'output.log'), 'a');
  const child = spawn(command, args, { cwd: folder, detached: true, stdio: ['ignore', log, log] });
  child.on('error', () => {});
  child.unref();
  const watch = leash('kill -KILL "$1" 2>/dev/null; rm -rf "$2"', String(child.pid), folder);
  const running = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  return {
    running,
    stop: async () => {
      if (running()) await ended(child);
      watch.release();
      await capture('rm', ['-rf', folder], 30_000);
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.ref();
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await gone;
  clearTimeout(force);
}
