// Redis for whoever asks: the one named by REDIS_URL, else one on a Docker engine, else a local redis-server.
import { mkdtemp } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type DockerWay,
  dockerEngine,
  imageAvailable,
  images,
  startComposeService,
  startContainer,
} from './docker.ts';
import {
  answers,
  aptInstall,
  capture,
  freePort,
  onPath,
  ready,
  type Say,
  SetupRefusal,
  sayOnStderr,
  startServer,
} from './program.ts';

export interface RedisService {
  url: string;
  source: 'environment' | 'docker' | 'local';
  stop(): Promise<void>;
}

export interface ProvideOptions {
  docker: DockerWay;
  say?: Say;
}

/** What every Redis of ours runs with: appends fsynced each second, no snapshots, and never an evicted key. */
const settings = [
  '--appendonly',
  'yes',
  '--appendfsync',
  'everysec',
  '--save',
  '',
  '--maxmemory-policy',
  'noeviction',
];
const oldest = 7;

/** Throws {@link SetupRefusal} when no Redis can be had. */
export async function provideRedis(options: ProvideOptions): Promise<RedisService> {
  const say = options.say ?? sayOnStderr;
  const given = process.env.REDIS_URL;
  if (given) return fromEnvironment(given);
  return (await fromDocker(options.docker, say)) ?? (await fromLocalProgram(say));
}

async function fromEnvironment(url: string): Promise<RedisService> {
  const first = url.split(',')[0]?.trim() ?? '';
  if (!URL.canParse(first))
    throw new SetupRefusal(`REDIS_URL is no URL: ${first || '(empty)'}; write redis://host:port.`);
  const { hostname, port } = new URL(first);
  if (!(await answers(hostname, Number(port || 6379), 5_000))) {
    throw new SetupRefusal(
      `Nothing answers at REDIS_URL (${hostname}:${port || 6379}); start that Redis, or unset REDIS_URL.`,
    );
  }
  return { url, source: 'environment', stop: async () => {} };
}

async function fromDocker(way: DockerWay, say: Say): Promise<RedisService | undefined> {
  if (!(await dockerEngine()) || !(await imageAvailable(images.redis, say))) return undefined;
  say(`starting Redis on Docker (${way}) …`);
  try {
    const command = ['redis-server', ...settings];
    const service =
      way === 'compose'
        ? await startComposeService('redis', say)
        : await startContainer({ image: images.redis, port: 6379, command });
    if (!service) return undefined;
    return { url: `redis://${service.host}:${service.port}`, source: 'docker', stop: service.stop };
  } catch (error) {
    say(`Redis did not start on Docker (${String(error)}); using a local program instead`);
    return undefined;
  }
}

async function fromLocalProgram(say: Say): Promise<RedisService> {
  const program = await localProgram(say);
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-redis-'));
  const port = await freePort();
  const server = startServer(
    program,
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--daemonize', 'no', ...settings],
    folder,
  );
  if (!(await ready(() => pings(port), 15_000, server.running))) {
    await server.stop();
    throw new SetupRefusal(`${program} does not start here; run it by hand to see why, and set REDIS_URL.`);
  }
  return { url: `redis://127.0.0.1:${port}`, source: 'local', stop: server.stop };
}

async function localProgram(say: Say): Promise<string> {
  const advice = `Install Redis ${oldest} or newer (redis-server on PATH), or start Docker, or set REDIS_URL.`;
  let program = onPath('redis-server');
  if (!program && (await aptInstall(['redis-server'], say))) program = onPath('redis-server');
  if (!program) throw new SetupRefusal(`There is no Redis: ${advice}`);
  const version = /v=(\d+)[\d.]*/.exec((await capture(program, ['--version'], 10_000)).stdout);
  if (Number(version?.[1] ?? 0) < oldest) {
    throw new SetupRefusal(
      `${program} is ${version?.[0] ?? 'of an unknown version'}, which is too old. ${advice}`,
    );
  }
  return program;
}

/** A PING over a bare socket: this floor has no Redis client. */
function pings(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1_000 });
    const end = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (reply) => end(reply.toString().startsWith('+PONG')));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}
