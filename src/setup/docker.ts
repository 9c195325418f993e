// A Docker engine, when there is one: is it up, can the image be had, and the two ways we start services on it
// (testcontainers for the tests, compose for the demo).
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { capture, freePort, leash, onPath, type Say } from './program.ts';

/** The tags docker-compose.yml uses too; one list, so that a machine pulls each image once. */
export const images = { redis: 'redis:8', kafka: 'apache/kafka:4.1.2' } as const;

export type DockerWay = 'testcontainers' | 'compose';

const root = path.resolve(import.meta.dirname, '../..');
const pullTimeoutMs = 120_000;

/** A service on the engine: where its port is from here, and how it ends. */
export interface DockerService {
  host: string;
  port: number;
  stop(): Promise<void>;
}

let engineAnswer: Promise<boolean> | undefined;

/** Whether an engine answers. Asked once per process: without one the question takes seconds. */
export function dockerEngine(): Promise<boolean> {
  engineAnswer ??= (async () => {
    if (process.env.SLUICE_NO_DOCKER === '1' || !onPath('docker')) return false;
    return (await capture('docker', ['info', '--format', '{{.ServerVersion}}'], 10_000)).ok;
  })();
  return engineAnswer;
}

/** Whether the image is here or can be pulled in time. A registry out of reach is no reason to fail: there are local programs. */
export async function imageAvailable(image: string, say: Say): Promise<boolean> {
  if ((await capture('docker', ['image', 'inspect', image], 15_000)).ok) return true;
  say(`pulling ${image} (once) …`);
  const pull = await capture('docker', ['pull', '--quiet', image], pullTimeoutMs);
  if (!pull.ok) say(`there is a Docker engine, but ${image} cannot be pulled; using a local program instead`);
  return pull.ok;
}

export interface ContainerRequest {
  image: string;
  port: number;
  command?: string[];
  /** The settings may name the address clients will use, which is known before the start. */
  environment?: (host: string, port: number) => Record<string, string>;
}

export async function startContainer(request: ContainerRequest): Promise<DockerService> {
  // Its own cleaner is one more image to pull, and it waits 10 s for a process that was killed; the leash below does
  // the same at once.
  process.env.TESTCONTAINERS_RYUK_DISABLED ??= 'true';
  const { GenericContainer, getContainerRuntimeClient, Wait } = await import('testcontainers');
  const client = await getContainerRuntimeClient();
  const host = client.info.containerRuntime.host;
  const port = await freePort();
  const run = randomUUID();
  let container = new GenericContainer(request.image)
    .withExposedPorts({ container: request.port, host: port })
    .withEnvironment(request.environment?.(host, port) ?? {})
    .withLabels({ 'sluice.run': run })
    .withWaitStrategy(Wait.forListeningPorts())
    .withStartupTimeout(90_000);
  if (request.command) container = container.withCommand(request.command);
  // By label, not by id: we may be killed while the container is still starting.
  const removeAll =
    'sleep 1; docker rm -f -v $(docker ps -aq --filter label=sluice.run="$1") >/dev/null 2>&1';
  const watch = leash(removeAll, run);
  const started = await container.start();
  return {
    host,
    port,
    stop: async () => {
      await started.stop({ timeout: 2_000, remove: true, removeVolumes: true });
      watch.release();
    },
  };
}

/** One service of docker-compose.yml under a project name of its own, published on a free port of this machine. */
export async function startComposeService(
  service: 'redis' | 'kafka',
  say: Say,
): Promise<DockerService | undefined> {
  if (!(await capture('docker', ['compose', 'version'], 10_000)).ok) return undefined;
  const port = await freePort();
  const project = `sluice-demo-${process.pid}-${service}`;
  const files = [
    '-f',
    path.join(root, 'docker-compose.yml'),
    '-f',
    path.join(root, 'src/setup/compose.demo.yml'),
  ];
  const compose = ['compose', '-p', project, '--project-directory', root, ...files];
  const env = { ...process.env, DEMO_REDIS_PORT: String(port), DEMO_KAFKA_PORT: String(port) };
  const watch = leash('docker compose -p "$1" down -v --timeout 1 >/dev/null 2>&1', project);
  const up = await capture('docker', [...compose, 'up', '-d', '--wait', '--no-deps', service], 180_000, env);
  const stop = async () => {
    await capture('docker', ['compose', '-p', project, 'down', '-v', '--timeout', '3'], 60_000);
    watch.release();
  };
  if (up.ok) return { host: '127.0.0.1', port, stop };
  say(
    `docker compose could not start ${service} (${up.stderr.trim().split('\n').at(-1)}); using a local program instead`,
  );
  await stop();
  return undefined;
}
