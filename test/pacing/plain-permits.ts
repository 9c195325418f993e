// The rules of the permits script in plain TypeScript, one list of places per limit: what the script is compared with.
import type { Limit } from '../../src/contract/limit.ts';

/** A lane that fell behind its grid may catch up this much. */
const CATCH_UP_US = 50_000;

export interface Granted {
  moments: number[];
  /** µs; Infinity: only an answer can tell. */
  nextUs: number;
  /** 1-based number of the limit that binds the next call; 0: none. */
  binding: number;
}

interface Places {
  held: number;
  /** When each taken place comes free, rising. */
  taken: number[];
  gridUs: number;
}

export class PlainPermits {
  readonly #places = new Map<string, Places>();
  #flying = 0;

  take(limits: readonly Limit[], want: number, use: number, nowUs: number, horizonUs: number): Granted {
    const rules = limits.map((limit) => this.#rule(limit, nowUs));
    const moments: number[] = [];
    for (let i = 1; ; i += 1) {
      let at = nowUs;
      let binding = 0;
      for (const [r, rule] of rules.entries()) {
        const moment = rule(i);
        if (moment > at) [at, binding] = [moment, r + 1];
      }
      if (i <= want && at <= nowUs + horizonUs) {
        moments.push(at);
        continue;
      }
      const used = moments.slice(0, use);
      this.#hold(limits, used.length, nowUs);
      return { moments: used, nextUs: at, binding };
    }
  }

  /** Each call by when it ended; undefined: it was never written. */
  end(limits: readonly Limit[], calls: readonly (number | undefined)[]): void {
    const written = calls.filter((ended) => ended !== undefined).sort((a, b) => a - b);
    this.#flying -= calls.length;
    for (const limit of limits) {
      if (limit.kind !== 'rolling') continue;
      const places = this.#of(limit);
      const last = places.taken.at(-1) ?? 0;
      places.held = Math.max(0, places.held - calls.length);
      places.taken.push(...written.map((ended) => Math.max(ended + limit.perMs * 1_000, last)));
    }
  }

  #of({ name }: Limit): Places {
    const places = this.#places.get(name) ?? { held: 0, taken: [], gridUs: 0 };
    this.#places.set(name, places);
    return places;
  }

  #rule(limit: Limit, nowUs: number): (i: number) => number {
    if (limit.kind === 'concurrency') {
      const free = limit.count - this.#flying;
      return (i) => (i <= free ? 0 : Number.POSITIVE_INFINITY);
    }
    if (limit.kind !== 'rolling') throw new Error(`no plain rule for ${limit.kind}`);
    const places = this.#of(limit);
    const free = limit.count - places.held - places.taken.length;
    const stepUs = (limit.perMs * 1_000) / limit.count;
    const gridUs = Math.max(places.gridUs, nowUs - CATCH_UP_US);
    return (i) => {
      const freeAt = i <= free ? nowUs : (places.taken[i - free - 1] ?? Number.POSITIVE_INFINITY);
      const even = limit.pace === 'even' ? gridUs + (i - 1) * stepUs : 0;
      return Math.max(freeAt, even, nowUs);
    };
  }

  #hold(limits: readonly Limit[], count: number, nowUs: number): void {
    this.#flying += count;
    for (const limit of limits) {
      if (limit.kind !== 'rolling' || count === 0) continue;
      const places = this.#of(limit);
      const free = limit.count - places.held - places.taken.length;
      places.taken.splice(0, Math.max(0, count - free));
      places.held += count;
      places.gridUs =
        Math.max(places.gridUs, nowUs - CATCH_UP_US) + (count * limit.perMs * 1_000) / limit.count;
    }
  }
}
