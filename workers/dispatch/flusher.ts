// One tick for all lanes with outcomes: soon when few wait, later when many do, so that busy times make larger batches.
import type { Clock } from '../../src/base/clock.ts';

interface Flushable {
  flush(): Promise<void>;
}

export interface Flusher {
  wake(lane: Flushable): void;
}

/** With few lanes an outcome is home within this many ms; a kill loses the knowledge of no more than that. */
const QUIET_MS = 2;
const BUSY_MS = 25;
const BUSY_LANES = 16;

export function createFlusher(clock: Clock): Flusher {
  const lanes = new Set<Flushable>();
  let ticking = false;
  let busy = false;
  const tick = (): void => {
    ticking = false;
    busy = lanes.size > BUSY_LANES;
    const due = [...lanes];
    lanes.clear();
    for (const lane of due) void lane.flush();
  };
  return {
    wake: (lane) => {
      lanes.add(lane);
      if (ticking) return;
      ticking = true;
      clock.after(busy ? BUSY_MS : QUIET_MS, tick);
    },
  };
}
