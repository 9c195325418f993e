// A Redis of one test's own, as ours run it: it can be killed, started again on what its files hold, or on an earlier copy of them, and a
// replica that has fallen behind can take its place.
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
  /** Starts a replica, and resolves when it has all that there is. */
  replica(): Promise<Replica>;
  end(): Promise<void>;
}

export interface Replica {
  /** It hears of nothing more. */
  cut(): Promise<void>;
  /** The first is killed, and the replica answers in its place. */
  promote(): Promise<void>;
}

/** Servers that run: none of them outlives this process. */
const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const server of alive) server.kill('SIGKILL');
});

export async function openOwnRedis(): Promise<OwnRedis> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-own-redis-'));
  let files = path.join(folder, 'now');
  const program = onPath('redis-server');
  if (!program) throw new Error('This test needs redis-server on PATH.');
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const redis = createRedis(url, systemClock);
  let server: ChildProcess | undefined;
  let copies = 0;
  const followers: (() => Promise<void>)[] = [];
  const kill = (): Promise<void> => killServer(server);
  const start = async (copy?: string): Promise<void> => {
    if (copy !== undefined) {
      await rm(files, { recursive: true, force: true });
      await cp(copy, files, { recursive: true });
    }
    server = startServer(program, port, files);
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
    replica: async () => {
      copies += 1;
      const own = path.join(folder, `replica-${copies}`);
      await mkdir(own);
      const ownPort = await freePort();
      const follower = startServer(program, ownPort, own, ['--replicaof', '127.0.0.1', String(port)]);
      const its = createRedis(`redis://127.0.0.1:${ownPort}`, systemClock);
      followers.push(async () => {
        await its.close();
        await killServer(follower);
      });
      const level = async () => (await its.client.info('replication')).includes('master_link_status:up');
      await until(level, { what: 'the replica has all', timeoutMs: 15_000 });
      return {
        cut: async () => void (await its.client.replicaof('NO', 'ONE')),
        promote: async () => {
          await kill();
          await its.client.config('SET', 'port', String(port));
          [server, files] = [follower, own];
          await until(() => redis.ping(), { what: 'the replica answers in its place', timeoutMs: 15_000 });
        },
      };
    },
    end: async () => {
      await redis.close();
      await kill();
      for (const end of followers) await end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function startServer(program: string, port: number, files: string, more: string[] = []): ChildProcess {
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', files, '--save', ''];
  // A replica need not wait for others that may come.
  options.push('--repl-diskless-sync-delay', '0');
  const server = spawn(program, [...options, '--appendonly', 'yes', '--appendfsync', 'everysec', ...more], {
    stdio: 'ignore',
  });
  alive.add(server);
  server.once('exit', () => alive.delete(server));
  return server;
}

async function killServer(server: ChildProcess | undefined): Promise<void> {
  if (!server || server.exitCode !== null || server.signalCode !== null) return;
  const dead = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGKILL');
  await dead;
}
