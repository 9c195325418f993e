// `npm run simulate -- --seeds N [--from N] [--bug NAME]`: seeds in two processes. Prints how far it is and, of what is broken, the seed and its
// trace; `--bug` plants one of the mistakes of bugs.ts. Ends with status 1 when a seed is broken.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { provideRedis } from '../../src/setup/redis.ts';
import { BUGS } from './bugs.ts';
import type { Word } from './share.ts';

const PROCESSES = 2;
const SAY_EVERY_SEEDS = 500;
/** Traces are long: of so many broken seeds they are shown. */
const SHOWN = 3;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '0' },
    bug: { type: 'string', default: '' },
  },
});
if (values.bug !== '' && !BUGS.some(({ name }) => name === values.bug))
  throw new Error(`the bugs are: ${BUGS.map(({ name }) => name).join('; ')}`);

const startedAt = performance.now();
const seeds = Number(values.seeds);
const from = Number(values.from);
let ended = 0;
let steps = 0;
const broken: number[] = [];
const seconds = (): string => ((performance.now() - startedAt) / 1_000).toFixed(0);

function hear(word: Word): void {
  ended += 1;
  steps += word.steps;
  if (ended % SAY_EVERY_SEEDS === 0)
    process.stderr.write(`[simulate] ${ended} of ${seeds}, ${broken.length} broken, ${seconds()} s\n`);
  if (word.broken.length === 0) return;
  broken.push(word.seed);
  const trace = broken.length <= SHOWN ? `${word.trace?.join('\n')}\n` : '';
  process.stdout.write(`${trace}seed ${word.seed}: ${word.broken.join('; ')}\n`);
}

const redis = await provideRedis({ docker: 'testcontainers' });
try {
  const children = Array.from({ length: PROCESSES }, (_, i) => {
    const args = [from + i, from + seeds, PROCESSES, values.bug].map(String);
    const child = fork(path.join(import.meta.dirname, 'share.ts'), args, {
      env: { ...process.env, SLUICE_TEST_REDIS_URL: redis.url },
    });
    child.on('message', (word) => hear(word as Word));
    return once(child, 'exit');
  });
  const ends = await Promise.all(children);
  process.stdout.write(`${ended} seeds, ${steps} steps, ${broken.length} broken, ${seconds()} s\n`);
  const whole = ended === seeds && ends.every(([status]) => status === 0);
  process.exitCode = whole && broken.length === 0 ? 0 : 1;
} finally {
  await redis.stop();
}
process.exit();
