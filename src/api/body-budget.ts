// What all bodies together may hold of this process's memory. Bytes are counted as they arrive, not as announced: a client that
// announces much and sends little holds nothing.

/** 64 MB of bodies cost several times that while they are parsed. */
export const BODIES_IN_FLIGHT_MAX_BYTES = 64 * 1024 * 1024;
/** Bodies that come without a key: webhooks of platforms, and whoever pretends to be one. */
export const KEYLESS_IN_FLIGHT_MAX_BYTES = 32 * 1024 * 1024;

export interface BodyLease {
  /** False when there is no room; then nothing was taken. */
  take(bytes: number): boolean;
  /** Gives everything back; may be called twice. */
  release(): void;
}

export interface BodyBudget {
  open(): BodyLease;
  /** Bytes held now. */
  held(): number;
}

export function createBodyBudget(maxBytes: number, onChange: (held: number) => void): BodyBudget {
  let held = 0;
  const move = (bytes: number): void => {
    held += bytes;
    onChange(held);
  };
  return {
    held: () => held,
    open: () => {
      let own = 0;
      return {
        take: (bytes) => {
          if (held + bytes > maxBytes) return false;
          own += bytes;
          move(bytes);
          return true;
        },
        release: () => {
          move(-own);
          own = 0;
        },
      };
    },
  };
}
