// What one process holds by itself while the shared limits cannot be asked: the plain model of the same rules, on its own clock and from
// nothing, for the keys that came last.
import type { Clock } from '../base/clock.ts';
import type { RollingLimit } from '../contract/limit.ts';
import { Rolling } from './places.ts';

/** Windows that are remembered; the oldest go first. */
const WINDOWS_MAX = 20_000;
const NOBODY = { person: '', exempt: false };

/** Counts a request and gives 0, or counts nothing and gives the milliseconds until one more can go. */
export type LocalRequests = (key: string, limits: readonly RollingLimit[]) => number;

export function createLocalRequests(clock: Clock): LocalRequests {
  const windows = new Map<string, Rolling>();
  const windowOf = (key: string, limit: RollingLimit, nowUs: number): Rolling => {
    const name = `${key} ${limit.scope} ${limit.name}`;
    const window = windows.get(name) ?? new Rolling(limit);
    windows.delete(name);
    windows.set(name, window);
    window.change(limit, nowUs);
    for (const oldest of windows.keys()) {
      if (windows.size <= WINDOWS_MAX) break;
      windows.delete(oldest);
    }
    return window;
  };
  return (key, limits) => {
    const nowUs = clock.monotonicUs();
    const all = limits.map((limit) => windowOf(key, limit, nowUs));
    const atUs = Math.max(nowUs, ...all.map((window) => window.firstUs(NOBODY, nowUs)));
    if (atUs > nowUs) return (atUs - nowUs) / 1_000;
    for (const [call, window] of all.entries()) {
      window.take(NOBODY, nowUs);
      window.end(NOBODY, { call, outcome: 'sent', endedUs: nowUs });
    }
    return 0;
  };
}
