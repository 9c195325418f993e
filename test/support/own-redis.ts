// A Redis of one test's own, as ours run it: it can be killed, started again on what its files hold, or on an earlier copy of them.
import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { createRedis, type Redis } from '../../src/base/redis.ts';
import { onPath } from '../../src/setup/program.ts';
import { freePort } from './holder.ts';
import { until } from './until.ts';

export interface OwnRedis {
  url: string;
  /** A client of the test's. */
  redis: Redis;
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Starts it again; with `copy`, on that copy of its files in place of what it has. */
  start(copy?: string): Promise<void>;
  /** Copies its files as they are now. */
  copy(): Promise<string>;
  end(): Promise<void>;
}

export async function openOwnRedis(): Promise<OwnRedis> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-own-redis-'));
  const files = path.join(folder, 'now');
  const program = onPath('redis-server');
  if (!program) throw new Error('This test needs redis-server on PATH.');
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const redis = createRedis(url, systemClock);
  let server: ChildProcess | undefined;
  let copies = 0;
  const kill = async (): Promise<void> => {
    const dying = server;
    if (!dying || dying.exitCode !== null || dying.signalCode !== null) return;
    const dead = new Promise((resolve) => dying.once('exit', resolve));
    dying.kill('SIGKILL');
    await dead;
  };
  const start = async (copy?: string): Promise<void> => {
    if (copy !== undefined) {
      await rm(files, { recursive: true, force: true });
      await cp(copy, files, { recursive: true });
    }
    const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', files, '--save', ''];
    server = spawn(program, [...options, '--appendonly', 'yes', '--appendfsync', 'everysec'], {
      stdio: 'ignore',
    });
    await until(() => redis.ping(), { what: 'the Redis of this test answers', timeoutMs: 15_000 });
  };
  await mkdir(files);
  await start();
  return {
    url,
    redis,
    kill,
    signal: (signal) => void server?.kill(signal),
    start,
    copy: async () => {
      copies += 1;
      const to = path.join(folder, `copy-${copies}`);
      await cp(files, to, { recursive: true });
      return to;
    },
    end: async () => {
      await redis.close();
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
