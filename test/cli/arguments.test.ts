// The command lines of the client and the demo: what they take, and what they say against the rest.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readCommand, UsageProblem } from '../../src/cli/client/arguments.ts';
import { readDemoOptions } from '../../src/cli/demo/options.ts';
import { keepOutput } from '../support/run-record.ts';

const env = { SLUICE_API_KEY: 'sk_test' };
const common = { url: 'http://127.0.0.1:8080', apiKey: 'sk_test' };
const send = ['send', 'a.csv', '--sender', 's1', '--template', 't', '--language', 'en'];

test('commands are read whole', () => {
  const sent = {
    name: 'send',
    sender: 's1',
    template: 't',
    language: 'en',
    file: 'a.csv',
    key: 'k',
    wait: true,
  };
  expect(readCommand([...send, '--key', 'k', '--wait'], env)).toEqual({ ...sent, ...common });
  expect(readCommand(['items', 'job_1', '--status', 'failed', '--url', 'https://x'], env)).toEqual({
    ...{ name: 'items', id: 'job_1', status: 'failed', url: 'https://x', apiKey: 'sk_test' },
  });
  expect(readCommand(['jobs'], { ...env, SLUICE_URL: 'http://y:1' })).toMatchObject({ url: 'http://y:1' });
  for (const name of ['pause', 'resume', 'cancel'])
    expect(readCommand([name, 'job_1'], env)).toEqual({ name, id: 'job_1', ...common });
  const retry = { name: 'retry', id: 'job_1', ...common };
  expect(readCommand(['retry', 'job_1'], env)).toEqual({ ...retry, unknown: false });
  expect(readCommand(['retry', 'job_1', '--unknown'], env)).toEqual({ ...retry, unknown: true });
  const admin = { SLUICE_ADMIN_KEY: 'adm' };
  expect(readCommand(['dead', 'list'], admin)).toEqual({
    name: 'dead',
    what: 'list',
    ...common,
    apiKey: 'adm',
  });
  expect(readCommand(['dead', 'replay', '0:1', '0:2'], admin)).toMatchObject({ positions: ['0:1', '0:2'] });
  expect(readCommand(['job', '--help'], {})).toEqual({ name: 'help' });
});

test.each([
  [[], /^Which command\?/],
  [['constructor'], /^There is no command "constructor"/],
  [['send', '--sender', 's1'], /^--template is missing/],
  [send.filter((word) => word !== 'a.csv'), /^Which file\?/],
  [[...send, '--csv', 'b.csv'], /^One file at a time/],
  [['send', '--api-key', 'sk'], /^Unknown option '--api-key'/],
  [['job'], /^Which job\?/],
  [['job', 'a', 'b'], /^One job at a time/],
  [['dead', 'list'], /^SLUICE_ADMIN_KEY is not set/],
  [['dead'], /^dead list, dead show/],
  [['jobs', '--url', 'localhost:8080'], /^"localhost:8080" is no address/],
])('%j is refused', (args, message) => {
  expect(() => readCommand(args, env)).toThrow(UsageProblem);
  expect(() => readCommand(args, env)).toThrow(message);
});

test('without a key nothing is asked', () => {
  expect(() => readCommand(['jobs'], {})).toThrow('SLUICE_API_KEY is not set');
});

test('the demo', () => {
  expect(readDemoOptions(['--exit', '--kafka'])).toMatchObject({ exit: true, kafka: true, help: false });
  expect(() => readDemoOptions(['--fast'])).toThrow("Unknown option '--fast'");
  expect(() => readDemoOptions(['now'])).toThrow('Unexpected argument');
});

async function sluice(args: string[], environment: Record<string, string>) {
  const child = spawn(process.execPath, [path.resolve('src/cli/sluice.ts'), ...args], {
    env: { ...process.env, SLUICE_API_KEY: '', SLUICE_URL: '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  keepOutput('src/cli/sluice.ts', child.pid ?? 0, [child.stdout, child.stderr]);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (said += String(part)));
  const [status] = await once(child, 'close');
  return { status, said };
}

test('exit status 0 with the help, 1 for a bad line, 3 where nothing answers', async () => {
  expect(await sluice(['--help'], {})).toMatchObject({
    status: 0,
    said: expect.stringContaining('Exit status'),
  });
  expect(await sluice(['frob'], {})).toMatchObject({ status: 1, said: expect.stringContaining('frob') });
  const nobody = await sluice(['jobs', '--url', 'http://127.0.0.1:9'], env);
  expect(nobody).toMatchObject({ status: 3, said: expect.stringContaining('Nothing answers') });
});
