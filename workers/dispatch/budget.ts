// Places of which this process has so many: calls started and not ended, turns held. First come, first served; a turn reserves before it takes.

export interface Budget {
  /** Resolves with 1…want places once some are free. */
  reserve(want: number): Promise<number>;
  release(count: number): void;
  used(): number;
}

/** A turn that wants many is served once this many are free: small batches cost more than a short wait. */
const WORTHWHILE = 32;

export function createBudget(size: number): Budget {
  let free = size;
  const waiting: { want: number; serve: (count: number) => void }[] = [];
  const serve = (): void => {
    for (let head = waiting[0]; head && free >= Math.min(head.want, WORTHWHILE, size); head = waiting[0]) {
      waiting.shift();
      const count = Math.min(head.want, free);
      free -= count;
      head.serve(count);
    }
  };
  return {
    reserve: (want) =>
      new Promise((resolve) => {
        waiting.push({ want, serve: resolve });
        serve();
      }),
    release: (count) => {
      free += count;
      serve();
    },
    used: () => size - free,
  };
}
