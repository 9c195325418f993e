// `npm run demo`: the whole of Sluice on this machine, 1,000 messages, and what the other side says about them.
// Exit status: 0 as promised, 1 not, 130 stopped before there was a verdict.
import { mkdtemp, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../base/clock.ts';
import { messageOf } from '../base/failure.ts';
import { leash } from '../setup/program.ts';
import { DemoFailure } from './demo/child.ts';
import { createCleanup } from './demo/cleanup.ts';
import { DEMO_HELP, type DemoOptions, readDemoOptions } from './demo/options.ts';
import { runDemo } from './demo/run.ts';
import { styleFor } from './terminal/style.ts';

/** The user wants it to end. */
class Stopped extends Error {}

const STOPPED_STATUS = 130;

async function main(options: DemoOptions): Promise<number> {
  const cleanup = createCleanup();
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-demo-'));
  const stopped = signalled();
  const style = styleFor(process.stdout, process.env);
  let status = STOPPED_STATUS;
  const watch = leash('rm -rf "$1"', folder);
  cleanup.add(folder, async () => {
    watch.release();
    // Where something went wrong the logs stay, if there are any.
    if (status === 1) await rmdir(folder).catch(() => {});
    else await rm(folder, { recursive: true, force: true });
  });
  try {
    const context = { options, clock: systemClock, style, output: process.stdout, cleanup, folder, stopped };
    const { verdict, over } = await runDemo(context);
    status = verdict.good ? 0 : 1;
    if (!verdict.good) process.stderr.write(`The logs are in ${folder}.\n`);
    if (!options.exit) await over;
  } catch (error) {
    if (!(error instanceof Stopped)) {
      status = 1;
      sayFailure(error);
    }
  }
  for (const trouble of await cleanup.run()) process.stderr.write(`Could not clean up ${trouble}\n`);
  return status;
}

/** Rejects at the first signal; at the second, with whatever is still running left to its leash. */
function signalled(): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  let signals = 0;
  const onSignal = (): void => {
    signals += 1;
    if (signals > 1) process.exit(STOPPED_STATUS);
    reject(new Stopped());
    if (process.stdout.isTTY) process.stderr.write('\nending …\n');
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  process.stdout.on('error', onSignal); // nobody reads any more
  return promise;
}

function sayFailure(error: unknown): void {
  process.stderr.write(`\n${messageOf(error)}\n`);
  if (error instanceof DemoFailure && error.log) process.stderr.write(`${error.log}\n`);
}

let options: DemoOptions;
try {
  options = readDemoOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n\n${DEMO_HELP}`);
  process.exit(1);
}
if (options.help) process.stdout.write(DEMO_HELP);
else process.exit(await main(options));
