// The dispatch processes of one course: started with a pen for their round trips, found by the lane they serve, killed, frozen and thawed.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { phoneNumberId, type Sluice } from '../sluice.ts';

const PRELOAD = pathToFileURL(path.join(import.meta.dirname, 'round-trips.ts')).href;
/** Long enough for a lane of 80/s to leave traces in the file of its process. */
const TRACE_MS = 700;

export interface Call {
  /** Unix ms. */
  writtenAtMs: number;
  tookMs: number;
}

export interface Dispatchers {
  start(): Promise<void>;
  /** The process that has made most calls for this sender just now; undefined when none has. */
  serving(sender: number): Promise<number | undefined>;
  /** SIGKILL, and another in its place, as a supervisor would. */
  replace(pid: number): Promise<void>;
  freeze(pid: number): void;
  thaw(pid: number): void;
  /** A sender's calls that were answered, by the moment of their write. */
  calls(sender: number): Call[];
  /** For what share of their time the processes could not run, though they wanted to. */
  stalledShare(): number;
  /** Thaws what is still frozen, so that it can be stopped. */
  release(): void;
  /** Removes the files, once nobody writes them any more. */
  forget(): void;
}

export function createDispatchers(sluice: Sluice): Dispatchers {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-trips-'));
  const files = new Map<number, string>();
  const frozen = new Set<number>();
  let started = 0;
  const start = async (): Promise<void> => {
    const file = path.join(folder, String(started++));
    const { NODE_OPTIONS = '' } = process.env;
    const { pid } = await sluice.startDispatch({
      NODE_OPTIONS: `${NODE_OPTIONS} --import ${PRELOAD}`,
      SLUICE_BENCH_ROUND_TRIPS: file,
    });
    files.set(pid, file);
  };
  const thaw = (pid: number): void => {
    frozen.delete(pid);
    process.kill(pid, 'SIGCONT');
  };
  return {
    start,
    serving: async (sender) => {
      const before = new Map([...files].map(([pid, file]) => [pid, sizeOf(file)]));
      await wait(TRACE_MS);
      const calls = [...files].map(([pid, file]) => ({
        pid,
        count: callsOf(file, sender, before.get(pid)).length,
      }));
      const most = calls.sort((a, b) => b.count - a.count)[0];
      return most && most.count > 0 ? most.pid : undefined;
    },
    replace: async (pid) => {
      process.kill(pid, 'SIGKILL');
      files.delete(pid);
      await start();
    },
    freeze: (pid) => {
      frozen.add(pid);
      process.kill(pid, 'SIGSTOP');
    },
    thaw,
    calls: (sender) =>
      readdirSync(folder)
        .flatMap((name) => callsOf(path.join(folder, name), sender))
        .sort((a, b) => a.writtenAtMs - b.writtenAtMs),
    stalledShare: () => {
      const stalls = readdirSync(folder).flatMap((name) => stallsOf(path.join(folder, name)));
      const sum = (of: (stall: Stall) => number): number => stalls.reduce((all, stall) => all + of(stall), 0);
      return sum(({ stalledMs }) => stalledMs) / sum(({ ofMs }) => ofMs);
    },
    release: () => {
      for (const pid of frozen) thaw(pid);
    },
    forget: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** Calls of one sender in one file, from a place in it on. */
function callsOf(file: string, sender: number, from = 0): Call[] {
  if (sizeOf(file) === 0) return [];
  const mark = `/${phoneNumberId(sender)}/messages `;
  const text = readFileSync(file).subarray(from).toString('latin1');
  return text.split('\n').flatMap((line) => {
    const at = line.indexOf(mark);
    if (at < 0) return [];
    const [writtenUs, tookUs] = line
      .slice(at + mark.length)
      .split(' ')
      .map(Number);
    return [{ writtenAtMs: (writtenUs ?? 0) / 1_000, tookMs: (tookUs ?? 0) / 1_000 }];
  });
}

interface Stall {
  stalledMs: number;
  ofMs: number;
}

/** A process that starts compiles itself; its first lines, one each 250 ms, say nothing about the machine. */
const STARTING_LINES = 12;

function stallsOf(file: string): Stall[] {
  const found = readFileSync(file, 'latin1').matchAll(/^stalled (\S+) (\S+)$/gm);
  return [...found]
    .slice(STARTING_LINES)
    .map(([, stalledMs, ofMs]) => ({ stalledMs: Number(stalledMs), ofMs: Number(ofMs) }));
}
