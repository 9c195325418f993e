// Starts the actor and listens to it; `kill` is SIGKILL, as a crash is.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { LogKind } from './open.ts';

export interface FollowerProcess {
  took: string[];
  did: string[];
  kill(): Promise<void>;
}

export interface FollowerProcessOptions {
  kind: LogKind;
  namespace: string;
  group: string;
  manner: 'work' | 'hang';
}

export function startFollower({ kind, namespace, group, manner }: FollowerProcessOptions): FollowerProcess {
  const actor = path.join(import.meta.dirname, 'actor.ts');
  const child = spawn(process.execPath, [actor, kind, namespace, group, manner], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(child, 'exit');
  const took: string[] = [];
  const did: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [word, value = ''] = line.split(' ');
    if (word === 'took') took.push(value);
    if (word === 'did') did.push(value);
  });
  return {
    took,
    did,
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
