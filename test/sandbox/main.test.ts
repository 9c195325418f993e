// The sandbox as a process of its own, and that it stands alone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { keepOutput } from '../support/run-record.ts';

const SANDBOX = join(import.meta.dirname, '../../sandbox');

function start(environment: Record<string, string>) {
  const child = spawn(process.execPath, [join(SANDBOX, 'main.ts')], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  keepOutput('sandbox/main.ts', child.pid ?? 0, [child.stdout, child.stderr]);
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  'says one line when it listens, and ends with 0 on %s',
  async (signal) => {
    const child = start({ SANDBOX_PORT: '0' });
    const lines = createInterface({ input: child.stdout });
    const [line] = (await once(lines, 'line')) as [string];
    expect(line).toMatch(/^sandbox listening on http:\/\/127\.0\.0\.1:\d+$/);
    const url = line.slice('sandbox listening on '.length);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([0, null]);
  },
);

test('a bad port is said in one sentence, with status 1', async () => {
  const child = start({ SANDBOX_PORT: 'http' });
  const said: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(Buffer.concat(said).toString()).toBe(
    'sandbox cannot start: SANDBOX_PORT must be a port number, not "http"\n',
  );
});

test('it imports nothing but node and itself', () => {
  const files = readdirSync(SANDBOX, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  expect(files.length).toBeGreaterThan(10);
  for (const file of files) {
    const source = readFileSync(join(SANDBOX, file), 'utf8');
    for (const [, from] of source.matchAll(/(?:from|import) '([^']+)'/g)) {
      const inside = join('/sandbox', file, '..', String(from)).startsWith('/sandbox/');
      expect(
        String(from).startsWith('node:') || (String(from).startsWith('.') && inside),
        `${file}: ${from}`,
      ).toBe(true);
    }
  }
});
