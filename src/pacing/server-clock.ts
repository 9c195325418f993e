// Relates the local monotonic clock to the Redis server's time. Every reply that carries the server's time bounds the offset:
// the server read its clock between our send and our receipt. Both conversions err to the late side, so a place is never freed
// and a call never made too early; the tightest bounds of the last seconds keep that error below a round trip.

/** Bounds older than this are forgotten, so that drift and a stepped server clock are followed. */
const EPOCH_US = 5_000_000;

export interface ServerClock {
  /** A reply sent at `sentUs` and received at `receivedUs` (local, monotonic) carried the server's time `serverUs`. */
  observe(sentUs: number, receivedUs: number, serverUs: number): void;
  /** Server time → local monotonic, never too early. */
  toLocal(serverUs: number): number;
  /** Local monotonic → server time, never too early. */
  toServer(localUs: number): number;
}

interface Bounds {
  /** server − local is at least this … */
  low: number;
  /** … and at most this. */
  high: number;
}

const NONE: Bounds = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

export function createServerClock(): ServerClock {
  let current = NONE;
  let previous = NONE;
  let startedUs = 0;
  const best = (): Bounds => {
    const joined = { low: Math.max(current.low, previous.low), high: Math.min(current.high, previous.high) };
    // A server clock that stepped makes the bounds cross: then only the newest count.
    return joined.low <= joined.high ? joined : current;
  };
  return {
    observe: (sentUs, receivedUs, serverUs) => {
      if (receivedUs - startedUs > EPOCH_US) {
        previous = current;
        current = NONE;
        startedUs = receivedUs;
      }
      const seen = { low: serverUs - receivedUs, high: serverUs - sentUs };
      const joined = { low: Math.max(current.low, seen.low), high: Math.min(current.high, seen.high) };
      current = joined.low <= joined.high ? joined : seen;
    },
    toLocal: (serverUs) => serverUs - best().low,
    toServer: (localUs) => localUs + best().high,
  };
}
