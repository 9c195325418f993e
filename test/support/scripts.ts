// Every script of the project that Redis runs on its own, found by looking, so that a new one is there too.
import { globSync } from 'node:fs';
import path from 'node:path';
import { loadScript, type Script } from '../../src/base/script.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** Scripts by their file's name; `_name.lua` are fragments of them. */
export const allScripts = (): Script[] =>
  globSync('{src,workers}/**/[!_]*.lua', { cwd: root })
    .sort()
    .map((file) => loadScript(root, file));
