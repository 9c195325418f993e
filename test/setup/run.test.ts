// `run.mjs` as the parent of a program: status, signals, and what happens when it is killed itself.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { until } from '../support/until.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGTERM');
});

function run(...args: string[]) {
  const child = spawn(process.execPath, ['src/setup/run.mjs', 'test/setup/program.ts', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const said = { text: '' };
  child.stdout.on('data', (part) => (said.text += String(part)));
  return { child, said };
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function pidOf(said: { text: string }): Promise<number> {
  return Number((await until(() => /pid (\d+)/.exec(said.text), { what: 'the program to start' }))[1]);
}

test.each([0, 3])('exit status %i passes through', async (status) => {
  expect(await once(run('exit', String(status)).child, 'exit')).toEqual([status, null]);
});

test('a program that was killed ends with 128 + the signal', async () => {
  expect(await once(run('abort').child, 'exit')).toEqual([137, null]);
});

test('one Ctrl-C, told twice by npm, reaches the program once', async () => {
  const { child, said } = run('stay');
  await pidOf(said);
  child.kill('SIGINT');
  child.kill('SIGINT');
  await until(() => said.text.includes('SIGINT'), { what: 'the signal' });
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(said.text.match(/SIGINT/g)).toHaveLength(1);
});

test('a SIGTERM to npm ends the program, though its shell keeps it to itself', async () => {
  const script = 'node src/setup/run.mjs test/setup/program.ts stay; true';
  const env = { ...process.env, npm_lifecycle_event: 'x' };
  const shell = spawn('sh', ['-c', script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const said = { text: '' };
  shell.stdout.on('data', (part) => (said.text += String(part)));
  const pid = await pidOf(said);
  shell.kill('SIGTERM');
  await until(() => !alive(pid), { what: 'the program to end' });
});

test('kill -9 of the parent ends the program too', async () => {
  const { child, said } = run('stay');
  const pid = await pidOf(said);
  child.kill('SIGKILL');
  await until(() => !alive(pid), { what: 'the program to end' });
});
