// Runs actions at their moments: one timer for the whole process, several actions per tick, late ones at once.
import type { Clock, Timer } from '../../src/base/clock.ts';

export interface Moments {
  /** Runs `action` at `atUs` (monotonic), or now if that has passed. */
  at(atUs: number, action: () => void): void;
}

interface Entry {
  atUs: number;
  action: () => void;
}

export function createMoments(clock: Clock): Moments {
  // A binary heap by time.
  const heap: Entry[] = [];
  let timer: Timer | undefined;
  let armedUs = Number.POSITIVE_INFINITY;

  const fire = (): void => {
    timer = undefined;
    armedUs = Number.POSITIVE_INFINITY;
    for (let head = heap[0]; head && head.atUs <= clock.monotonicUs(); head = heap[0]) pop(heap)?.action();
    arm();
  };
  const arm = (): void => {
    const head = heap[0];
    if (!head || head.atUs >= armedUs) return;
    timer?.cancel();
    armedUs = head.atUs;
    timer = clock.after(Math.max(0, (head.atUs - clock.monotonicUs()) / 1_000), fire);
  };
  return {
    at: (atUs, action) => {
      if (atUs <= clock.monotonicUs()) return action();
      push(heap, { atUs, action });
      arm();
    },
  };
}

function push(heap: Entry[], entry: Entry): void {
  let i = heap.length;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    const above = heap[parent];
    if (!above || above.atUs <= entry.atUs) break;
    heap[i] = above;
    i = parent;
  }
  heap[i] = entry;
}

function pop(heap: Entry[]): Entry | undefined {
  const head = heap[0];
  const last = heap.pop();
  if (!head || !last || heap.length === 0) return head;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child + 1 < heap.length && (heap[child + 1]?.atUs ?? 0) < (heap[child]?.atUs ?? 0)) child++;
    const below = heap[child];
    if (!below || below.atUs >= last.atUs) break;
    heap[i] = below;
    i = child;
  }
  heap[i] = last;
  return head;
}
