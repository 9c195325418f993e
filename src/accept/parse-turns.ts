// Large bodies are parsed one in each turn of the event loop: 5 MB cost up to 60 ms, and those of several clients that end together would
// hold everybody else for their sum. There is one loop, so there is one line for all routes.
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Below this a body costs about a millisecond. */
const LARGE_BYTES = 128 * 1024;

let last = Promise.resolve();

/** Resolves when a body of this size may be parsed, in the order of asking; undefined: at once. */
export function parseTurn(bytes: number): Promise<void> | undefined {
  if (bytes < LARGE_BYTES) return undefined;
  last = last.then(() => nextTurn());
  return last;
}
