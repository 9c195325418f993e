// One tick for all lanes with outcomes: at once when few come in, later when many do, so that busy times make larger batches.
import type { Clock } from '../../src/base/clock.ts';

interface Flushable {
  readonly outcomesWaiting: number;
  /** Calls granted or made that have not ended. */
  readonly underWay: number;
  flush(): Promise<void>;
}

export interface Flusher {
  wake(lane: Flushable): void;
}

/** An outcome is home within this many ms; what a kill leaves unknown though it was answered is no more than that. */
const QUIET_MS = 2;
/** At high rates a script for one or two outcomes costs more than it is worth: they wait for this, twice at most. */
const BUSY_MS = 25;
const BUSY_PER_MS = 1.5;
const WORTHWHILE_PER_LANE = 8;

export function createFlusher(clock: Clock): Flusher {
  const lanes = new Set<Flushable>();
  /** Left out at the last tick: what was granted together comes home together, in one script. */
  let leftOut = new Set<Flushable>();
  let outcomesLeft = 0;
  let ticking = false;
  let delayMs = QUIET_MS;
  let lastUs = clock.monotonicUs();
  const tick = (): void => {
    ticking = false;
    const due = [...lanes];
    lanes.clear();
    const outcomes = due.reduce((sum, lane) => sum + lane.outcomesWaiting, 0);
    const nowUs = clock.monotonicUs();
    const perMs = ((outcomes - outcomesLeft) * 1_000) / Math.max(1, nowUs - lastUs);
    lastUs = nowUs;
    // Once waiting pays, it goes on to pay as long as outcomes keep coming: only a lower rate ends it.
    const small = outcomes < WORTHWHILE_PER_LANE * due.length || delayMs === BUSY_MS;
    delayMs = perMs > BUSY_PER_MS && small ? BUSY_MS : QUIET_MS;
    const waits = (lane: Flushable): boolean =>
      delayMs === BUSY_MS &&
      lane.underWay > 0 &&
      lane.outcomesWaiting < WORTHWHILE_PER_LANE &&
      !leftOut.has(lane);
    const [later, ripe] = [due.filter(waits), due.filter((lane) => !waits(lane))];
    leftOut = new Set(later);
    outcomesLeft = later.reduce((sum, lane) => sum + lane.outcomesWaiting, 0);
    for (const lane of ripe) void lane.flush();
    for (const lane of later) wake(lane);
  };
  const wake = (lane: Flushable): void => {
    lanes.add(lane);
    if (ticking) return;
    ticking = true;
    clock.after(delayMs, tick);
  };
  return { wake };
}
