// The demo as a user runs it, against the tests' Redis: its verdict, its exit status, and that nothing is left behind.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { keepOutput } from '../support/run-record.ts';
import { redisUrl } from '../support/services.ts';

const root = path.resolve(import.meta.dirname, '../..');

test('1,000 recipients get exactly one message each, within the limit and in time', async () => {
  const redis = new Redis(redisUrl());
  onTestFinished(() => redis.disconnect());
  const child = spawn(process.execPath, ['src/cli/demo.ts', '--exit'], {
    cwd: root,
    env: { ...process.env, REDIS_URL: redisUrl() },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGTERM'));
  keepOutput('src/cli/demo.ts', child.pid ?? 0, [child.stdout, child.stderr]);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (said += String(part)));
  const [status] = await once(child, 'close');

  expect(said).toMatch(/✓ messages received +1,000 {2}of 1,000/);
  expect(said).toMatch(/✓ recipients with exactly one +1,000 {2}of 1,000/);
  expect(said).toMatch(/✓ sent twice +0/);
  expect(said).toMatch(/✓ limits broken +0/);
  expect(said).toMatch(/✓ most in any one second +\d+ {2}limit 80/);
  expect(said).toMatch(/✓ first to last +1[2-4]\.\d s {2}at most 14\.1 s/);
  expect(said).toContain('Every recipient got exactly one message, within every limit.');
  expect(status, said).toBe(0);

  const job = /Job +(job_\S+)/.exec(said)?.[1] ?? 'none';
  expect(await keysWith(redis, job)).toEqual([]);
});

test('what is wrong is said in a sentence, with status 1', async () => {
  const child = spawn(process.execPath, ['src/cli/demo.ts', '--exit'], {
    cwd: root,
    env: { ...process.env, REDIS_URL: 'redis://127.0.0.1:9' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (part) => (said += String(part)));
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(said.trim()).toBe(
    'Nothing answers at REDIS_URL (127.0.0.1:9); start that Redis, or unset REDIS_URL.',
  );
});

async function keysWith(redis: Redis, part: string): Promise<string[]> {
  const found: string[] = [];
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `*${part}*`, 'COUNT', 1_000);
    found.push(...keys);
    cursor = next;
  } while (cursor !== '0');
  return found;
}
