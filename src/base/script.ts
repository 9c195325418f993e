// Loads the .lua files that change state in Redis, with their includes, and runs them by digest.
// A script is a file; `-- include: path` at the start of a line pulls in a fragment relative to the file.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

export interface Script {
  name: string;
  sha: string;
  body: string;
}

/** Reads a script beside the caller: `loadScript(import.meta.dirname, 'lua/take.lua')`. Throws when a file is missing. */
export function loadScript(folder: string, path: string): Script {
  const body = expand(resolve(folder, path), new Set());
  return {
    name: path.replace(/^.*\//, '').replace(/\.lua$/, ''),
    sha: createHash('sha1').update(body).digest('hex'),
    body,
  };
}

/** Each fragment stands once, where it is first asked for. */
function expand(file: string, seen: Set<string>): string {
  if (seen.has(file)) return '';
  seen.add(file);
  return readFileSync(file, 'utf8').replace(/^-- include: (\S+)$/gm, (_line, path: string) =>
    expand(resolve(dirname(file), path), seen),
  );
}
