// `sluice rebuild`: the one command that works on Redis and Kafka themselves, with the settings of the service, as a program of the service.
import { spawn } from 'node:child_process';
import path from 'node:path';

const PROGRAM = path.resolve(import.meta.dirname, '../../../workers/rebuild.ts');

/** Its exit status; what it says goes to this terminal. */
export function rebuild(env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(process.execPath, [PROGRAM], { env, stdio: 'inherit' });
  return new Promise((resolve) => child.once('exit', (status) => resolve(status ?? 1)));
}
