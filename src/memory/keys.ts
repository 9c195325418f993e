// The Redis keys of this room.

/** Hash of the home: the server that it was verified on, and the number of its last logged take (lua/_seat.lua). */
export const seatKey = (namespace: string, home: string): string => `${namespace}:{${home}}:seat`;

/** Why nothing is started in the whole installation, as long as somebody says so: a reason of the holds. */
export const haltKey = (namespace: string): string => `${namespace}:halt`;

/** Hash of the installation: the server that was verified, how far the log is in it, and on which server a loss was found. */
export const memoryKey = (namespace: string): string => `${namespace}:memory`;

/** Held by the process that compares Redis with the log, or rebuilds it. */
export const memoryLockKey = (namespace: string): string => `${namespace}:memory:lock`;
