// One endpoint in the hands of this process: how many calls it has under way, and when to look again.
import type { Timer } from '../../src/base/clock.ts';

/** Calls under way, in all and to one endpoint. */
export const CALLS_MAX = 256;
const CALLS_MAX_PER_ENDPOINT = 8;

export class Line {
  readonly id: string;
  calls = 0;
  /** Of the endpoint, in a row: then one call at a time is enough. */
  failures = 0;
  /** Somebody is handing out calls; who comes meanwhile says `again`. */
  claiming = false;
  again = false;
  timer: Timer | undefined;

  constructor(id: string) {
    this.id = id;
  }

  room(callsInAll: number): number {
    const own = this.failures > 0 ? 1 : CALLS_MAX_PER_ENDPOINT;
    return Math.min(CALLS_MAX - callsInAll, own - this.calls);
  }

  get idle(): boolean {
    return this.calls === 0 && !this.timer && !this.claiming;
  }

  rest(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }
}
