// Why nothing is started anywhere, told by the processes that see it to those that are asked. Whoever says it must go on saying it.
import type { Redis } from '../base/redis.ts';
import type { HoldReason } from '../contract/hold.ts';
import { haltKey } from './keys.ts';

/** A reason that nobody repeats is over after this. */
const SAID_MS = 4_000;

export type HaltReason = Extract<HoldReason, 'log' | 'memory' | 'rebuilding'>;

export interface Halt {
  /** Says so for 4 s. */
  say(reason: HaltReason): void;
}

export const createHalt = ({ client }: Redis, namespace: string): Halt => ({
  say: (reason) => {
    client.set(haltKey(namespace), reason, 'PX', SAID_MS).catch(() => {});
  },
});
