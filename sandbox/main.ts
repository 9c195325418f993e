// `node sandbox/main.ts`: the simulated platform as a process of its own.
// Prints one line when it listens; ends with status 0 on SIGTERM or SIGINT, with 1 when it cannot start.
import { startSandbox } from './sandbox.ts';

const DEFAULT_PORT = 9100;
const MAX_PORT = 65_535;

try {
  const sandbox = await startSandbox({
    port: portFrom(process.env.SANDBOX_PORT),
    host: hostFrom(process.env),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void sandbox.close().then(() => process.exit(0)));
  }
  process.stdout.write(`sandbox listening on ${sandbox.url}\n`);
} catch (error) {
  process.stderr.write(`sandbox cannot start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

function portFrom(value: string | undefined): number {
  if (value === undefined || value === '') return DEFAULT_PORT;
  const port = Number(value);
  if (Number.isInteger(port) && port >= 0 && port <= MAX_PORT) return port;
  throw new Error(`SANDBOX_PORT must be a port number, not "${value}"`);
}

function hostFrom({ SANDBOX_HOST }: NodeJS.ProcessEnv): string {
  return SANDBOX_HOST === undefined || SANDBOX_HOST === '' ? '127.0.0.1' : SANDBOX_HOST;
}
