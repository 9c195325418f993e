// Seats: each home names the server on which its memory was verified. Takes compare it inside their script, so that a restarted, emptied or
// replaced Redis hands out nothing before somebody has looked.
import type { Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import { seatKey } from './keys.ts';

const sitScript = loadScript(import.meta.dirname, 'lua/sit.lua');

/** `new`: the home had no seat; `moved`: it had one on another server. */
export type Sat = 'new' | 'same' | 'moved';

export interface Seats {
  /** The home is right on the server that it is on now; its takes go on behind number `seq`. `ttlMs` 0: for good. */
  sit(home: string, seq: number, ttlMs: number): Promise<Sat>;
}

export const createSeats = (redis: Redis, namespace: string): Seats => ({
  sit: (home, seq, ttlMs) => redis.run<Sat>(sitScript, [seatKey(namespace, home)], [seq, ttlMs]),
});
