// Servers that we start end with us; what cannot be had is said in one sentence.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { provideKafka } from '../../src/setup/kafka.ts';
import { clusterAnswers } from '../../src/setup/kafka-ready.ts';
import { answers, capture, freePort, onPath, SetupRefusal, startServer } from '../../src/setup/program.ts';
import { provideRedis } from '../../src/setup/redis.ts';
import { kafkaBrokers, redisUrl } from '../support/services.ts';
import { until } from '../support/until.ts';

const program = path.join(import.meta.dirname, 'program.ts');
const quiet = { docker: 'testcontainers', say: () => {} } as const;
const folders: string[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

function freshFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-test-'));
  folders.push(folder);
  return folder;
}

function pidIn(folder: string): number | undefined {
  const log = path.join(folder, 'output.log');
  return existsSync(log) ? Number(/pid (\d+)/.exec(readFileSync(log, 'utf8'))?.[1]) || undefined : undefined;
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a server is stopped by its pid, and its folder goes with it', async () => {
  const folder = freshFolder();
  const server = startServer(process.execPath, [program, 'stay'], folder);
  const pid = await until(() => pidIn(folder), { what: 'the server to start' });
  await server.stop();
  expect([alive(pid), existsSync(folder), server.running()]).toEqual([false, false, false]);
});

test('a server does not outlive a process that was killed with -9', async () => {
  const folder = freshFolder();
  const owner = spawn(process.execPath, [program, 'serve', folder], { stdio: 'ignore' });
  const pid = await until(() => pidIn(folder), { what: 'the server to start' });
  owner.kill('SIGKILL');
  await until(() => !alive(pid) && !existsSync(folder), { what: 'the server and its folder to go' });
});

test('a leash runs its command when its holder is gone', async () => {
  const mark = path.join(freshFolder(), 'mark');
  const owner = spawn(process.execPath, [program, 'leash', mark], { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise((started) => owner.stdout.once('data', started));
  owner.kill('SIGKILL');
  await until(() => existsSync(mark), { what: 'the mark' });
});

test('a program that is missing is a value, not an exception', async () => {
  expect(onPath('no-such-program')).toBeUndefined();
  expect(await capture('no-such-program', [], 1_000)).toMatchObject({ ok: false });
});

test('REDIS_URL and KAFKA_BROKERS come first', async () => {
  vi.stubEnv('REDIS_URL', redisUrl());
  vi.stubEnv('KAFKA_BROKERS', kafkaBrokers());
  expect(await provideRedis(quiet)).toMatchObject({ url: redisUrl(), source: 'environment' });
  expect(await provideKafka(quiet)).toMatchObject({ brokers: kafkaBrokers(), source: 'environment' });
});

test('a named Redis or Kafka that does not answer is said, not replaced', async () => {
  const port = await freePort();
  vi.stubEnv('REDIS_URL', `redis://127.0.0.1:${port}`);
  vi.stubEnv('KAFKA_BROKERS', `127.0.0.1:${port}`);
  await expect(provideRedis(quiet)).rejects.toThrow(/Nothing answers at REDIS_URL/);
  await expect(provideKafka(quiet)).rejects.toThrow(/Nothing answers at KAFKA_BROKERS/);
  vi.stubEnv('REDIS_URL', 'localhost');
  await expect(provideRedis(quiet)).rejects.toThrow(/REDIS_URL is no URL/);
});

test('a local Redis that is too old is refused by its version', async () => {
  const folder = freshFolder();
  const old = path.join(folder, 'redis-server');
  await writeFile(old, '#!/bin/sh\necho "Redis server v=6.2.1 sha=0"\n');
  await chmod(old, 0o755);
  vi.stubEnv('REDIS_URL', '');
  vi.stubEnv('SLUICE_NO_DOCKER', '1');
  vi.stubEnv('PATH', folder);
  const refused = provideRedis(quiet);
  await expect(refused).rejects.toBeInstanceOf(SetupRefusal);
  await expect(refused).rejects.toThrow(/6\.2\.1, which is too old/);
});

test('only a Kafka broker counts as Kafka', async () => {
  const { hostname, port } = new URL(redisUrl());
  expect(await answers(hostname, Number(port))).toBe(true);
  expect(await clusterAnswers(`${hostname}:${port}`)).toBe(false);
  expect(await clusterAnswers(kafkaBrokers())).toBe(true);
});
