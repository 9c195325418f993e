// How long before the next moment a lane asks for it. A take covers the moments up to 50 ms ahead, so the next one must have come home by
// then: asked for too late, every call of it is late, and its place comes free that much later, for good. What it takes from the planned time
// to the reply (a late timer, a peek, two waits for a busy core) is measured and remembered, so that a quiet machine gathers 40 ms in one
// take and a busy one asks sooner. Measured with both cores busy, two processes, 80/s at 5 ms: 0.936 of the limit with a fixed 40 ms.

/** A timer is a millisecond late, and a take with its script as much. */
const LEAST_MS = 10;
/** Asked for sooner than this, a take gathers too little to be worth its cost. */
const MOST_MS = 40;
/** The slowest of late is what counts; it is forgotten to a half in 13 takes, half a second of a busy lane. */
const KEPT = 0.95;

export class Lead {
  #slowestMs = LEAST_MS;

  get ms(): number {
    return this.#slowestMs;
  }

  /** A take came home this long after it had been meant to leave. */
  observe(lateMs: number): void {
    const bounded = Math.min(MOST_MS, Math.max(LEAST_MS, lateMs));
    this.#slowestMs = Math.max(bounded, LEAST_MS + (this.#slowestMs - LEAST_MS) * KEPT);
  }
}
