// A program for the setup's tests to start: prints its pid, counts the signals it gets, and stays until told.
import { createServer } from 'node:net';
import { leash, startServer } from '../../src/setup/program.ts';

const [task = '', argument = ''] = process.argv.slice(2);

const tasks: Record<string, () => void> = {
  exit: () => process.exit(Number(argument)),
  abort: () => process.kill(process.pid, 'SIGKILL'),
  stay,
  serve: () => {
    const server = startServer(process.execPath, [import.meta.filename, 'stay'], argument);
    process.stdout.write(`server ${server.running()}\n`);
    stay();
  },
  leash: () => {
    leash('echo gone > "$1"', argument);
    stay();
  },
};

function stay(): void {
  createServer().listen(0, '127.0.0.1', () => process.stdout.write(`pid ${process.pid}\n`));
  process.on('SIGINT', () => process.stdout.write('SIGINT\n'));
  process.on('SIGTERM', () => process.exit(0));
}

tasks[task]?.();
