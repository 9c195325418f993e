// A turn waits for places in its process's budget of calls. One that waits long parks its lane: its lease is a long one from then on.
import type { LaneId } from '../../src/lanes/keys.ts';
import type { DispatchContext } from './context.ts';

const PARK_AFTER_MS = 1_000;
/** A parked lane's lease is 20 s. */
const PARK_AGAIN_MS = 15_000;

export class Places {
  readonly #context: Pick<DispatchContext, 'budget' | 'clock' | 'lanes'>;
  readonly #lane: LaneId;
  readonly #fence: string;
  readonly #holder: string;
  #parked: boolean;

  constructor(
    context: Pick<DispatchContext, 'budget' | 'clock' | 'lanes'>,
    lane: LaneId,
    { fence, holder, parked }: { fence: string; holder: string; parked: boolean },
  ) {
    this.#context = context;
    this.#lane = lane;
    this.#fence = fence;
    this.#holder = holder;
    this.#parked = parked;
  }

  /** Resolves with 1…wanted places; with 0 when the process stops, undefined when the turn is lost. */
  async reserve(wanted: number): Promise<number | undefined> {
    const { budget, clock, lanes } = this.#context;
    const reservation = budget.reserve(wanted);
    for (;;) {
      const late = Promise.withResolvers<undefined>();
      const timer = clock.after(this.#parked ? PARK_AGAIN_MS : PARK_AFTER_MS, () => late.resolve(undefined));
      const reserved = await Promise.race([reservation, late.promise]);
      timer.cancel();
      if (reserved !== undefined) return reserved;
      this.#parked = await lanes.park(this.#lane, this.#fence, this.#holder).catch(() => false);
      if (this.#parked) continue;
      reservation.then((count) => budget.release(count));
      return undefined;
    }
  }
}
