// One door per outside package: what a package does wrong, or does differently in its next version, is met in one file.
import { expect, test } from 'vitest';
import { packageOf, type Source, source, sources } from './sources.ts';

const doors: Record<string, RegExp> = {
  ioredis: /^src\/base\/redis\.ts$/,
  kafkajs: /^src\/(base\/kafka\.ts$|setup\/)/,
  bullmq: /^src\/base\/queue\.ts$/,
  '@fastify/busboy': /^src\/base\/multipart\.ts$/,
  undici: /^src\/base\/http\.ts$/,
  pino: /^src\/base\/logger\.ts$/,
  'prom-client': /^src\/base\/metrics\.ts$/,
  fastify: /^src\/api\//,
  testcontainers: /^src\/setup\//,
};

function besideTheDoor(files: Source[]): string[] {
  return files.flatMap((file) =>
    file.imports
      .map((specifier) => packageOf(specifier))
      .filter((name) => name !== undefined)
      .filter((name) => doors[name] !== undefined && !doors[name].test(file.path))
      .map((name) => `${file.path} imports ${name}`),
  );
}

function packagesOfTheSandbox(files: Source[]): string[] {
  return files.flatMap((file) => file.imports.filter((specifier) => packageOf(specifier) !== undefined));
}

test('each package is imported at its door only', () => {
  expect(besideTheDoor(sources(['src', 'workers']))).toEqual([]);
});

test('the sandbox needs nothing but Node', () => {
  expect(packagesOfTheSandbox(sources(['sandbox']))).toEqual([]);
});

test.each([
  ['src/lanes/lane.ts', `import { Redis } from 'ioredis';`],
  ['workers/dispatch/call.ts', `import type { Pool } from 'undici';`],
  ['src/log/kafka.ts', `const { Kafka } = await import('kafkajs');`],
  ['src/base/service.ts', `import Fastify from 'fastify';`],
  ['src/pacing/tickets.ts', `import { Queue } from "bullmq/dist/queue.js";`],
])('planted: %s may not say %s', (path, text) => {
  expect(besideTheDoor([source(path, text)])).toHaveLength(1);
});

test('planted: the door itself may', () => {
  expect(besideTheDoor([source('src/base/redis.ts', `import { Redis } from 'ioredis';`)])).toEqual([]);
});
