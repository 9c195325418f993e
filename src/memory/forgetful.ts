// What everybody is told whose request cannot be answered because Redis has lost its memory, or was started anew and nobody has looked yet.
import { type Failure, unavailable } from '../base/failure.ts';

/** A comparison takes seconds; a rebuild takes as long as the log. */
const RETRY_MS = 5_000;

/** Whether Redis knows all that it should. Undefined where it is the log itself, and nobody can know. */
export type MemoryRight = (() => Promise<boolean>) | undefined;

export const forgetful = (): Failure =>
  unavailable(
    'Redis was restarted or has lost its memory, and is being made right again: nothing is accepted until then',
    undefined,
    RETRY_MS,
  );
