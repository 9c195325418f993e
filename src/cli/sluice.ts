#!/usr/bin/env node
// `sluice`: the command line client. It talks to the API only, but for `rebuild`. What it takes and how it ends: client/arguments.ts.
import { systemClock } from '../base/clock.ts';
import { messageOf } from '../base/failure.ts';
import { ApiProblem, Unreachable } from '../client/client.ts';
import { HELP, readCommand, UsageProblem } from './client/arguments.ts';
import { lines, run, STATUS, statusOf } from './client/commands.ts';
import { rebuild } from './client/rebuild.ts';
import { problemLines } from './client/say.ts';

async function main(): Promise<number> {
  const command = readCommand(process.argv.slice(2), process.env);
  if (command.name === 'help') {
    process.stdout.write(HELP);
    return STATUS.done;
  }
  if (command.name === 'rebuild') return rebuild(process.env);
  const { stdout: out, stderr: err, env } = process;
  return run(command, { out, err, env, clock: systemClock });
}

function statusFor(error: unknown): number {
  if (error instanceof ApiProblem) {
    lines(process.stderr, problemLines(error));
    return statusOf(error);
  }
  lines(process.stderr, [messageOf(error)]);
  if (error instanceof UsageProblem) lines(process.stderr, ['`sluice --help` tells more.']);
  return error instanceof Unreachable ? STATUS.later : STATUS.usage;
}

// `sluice items … | head` is no failure.
process.stdout.on('error', () => process.exit(STATUS.done));
process.once('SIGINT', () => {
  if (process.stderr.isTTY) process.stderr.write('\x1b[?25h\n');
  process.exit(130);
});
process.exitCode = await main().catch(statusFor);
