// `npm run check`: types, lint and format, dead code. Every step runs, whatever the one before said, and each ends
// in one line; the exit status is 1 when any failed. (`test/rules`, the project's own rules, run with `npm test`.)
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');

const steps = [
  { name: 'types', program: 'tsc', args: ['--noEmit', '--pretty', 'false'] },
  {
    name: 'lint and format',
    program: 'biome',
    args: ['check', '--error-on-warnings', '--max-diagnostics=200'],
  },
  { name: 'dead code', program: 'knip', args: ['--no-config-hints'] },
];

const failed = steps.filter(({ name, program, args }) => {
  const ran = spawnSync(path.join(root, 'node_modules/.bin', program), args, { cwd: root, encoding: 'utf8' });
  const ok = ran.status === 0;
  if (!ok) process.stdout.write(`${ran.stdout ?? ''}${ran.stderr ?? ''}${ran.error?.message ?? ''}\n`);
  process.stdout.write(`check ${name}: ${ok ? 'ok' : 'FAILED'}\n`);
  return !ok;
});

process.stdout.write(`${steps.length - failed.length} passed, ${failed.length} failed\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
