// One limit in a forecast: how many places it has in a stretch of time, if calls are a fluid. The same rules as the model's: a place is
// free one period after its call's end, an even pace follows its grid, people are counted for their whole period.
import { type LimitUse, type Release, usedOf } from './use.ts';

/** A lane that fell behind its grid may catch up this much. */
const CATCH_UP_US = 50_000;

/** Places that come free evenly between two moments. */
interface Segment {
  fromUs: number;
  toUs: number;
  count: number;
}

export class Supply {
  readonly name: string;
  readonly scope: string;
  readonly #count: number;
  readonly #perUs: number;
  /** Between two moments of the even grid; 0: no grid. */
  readonly #stepUs: number;
  readonly #closedUs: number;
  #free: number;
  #credit: number;
  #queue: Segment[];
  #head = 0;
  /** What may go in the stretch that is open. */
  room = 0;

  constructor(use: LimitUse, nowUs: number, answerUs: number) {
    const { limit, count, held, releases, gridUs, closedUs } = use;
    this.name = limit.name;
    this.scope = limit.scope;
    this.#count = count;
    this.#perUs = limit.kind === 'concurrency' ? 0 : limit.perMs * 1_000;
    this.#stepUs = limit.kind === 'rolling' && limit.pace === 'even' ? this.#perUs / count : 0;
    this.#closedUs = closedUs;
    this.#free = count - usedOf(use, nowUs);
    this.#credit = this.#stepUs > 0 ? this.#kept(1 + (nowUs - gridUs) / this.#stepUs) : 0;
    const flying = { fromUs: nowUs + this.#perUs, toUs: nowUs + this.#perUs + answerUs, count: held };
    const taken = releases.filter(({ atUs }) => atUs > nowUs).map(segmentOf);
    this.#queue = [...taken, flying].sort((a, b) => a.toUs - b.toUs);
  }

  /** Credit that is not used is lost beyond one call and what may be caught up. */
  #kept = (credit: number): number => Math.min(credit, 1 + CATCH_UP_US / this.#stepUs);

  /** Opens the stretch from..to. Places of calls of this very stretch come free within it when it is longer than they take. */
  open(fromUs: number, toUs: number, answerUs: number): void {
    const cycleUs = this.#perUs + answerUs;
    const openUs = Math.max(0, toUs - Math.max(fromUs, this.#closedUs));
    this.#release(toUs);
    const again = openUs > cycleUs ? (this.#count * openUs) / cycleUs - this.#count : 0;
    this.room = openUs === 0 ? 0 : Math.max(0, this.#free) + again;
    if (this.#stepUs === 0) return;
    this.#credit = this.#kept(this.#credit) + openUs / this.#stepUs;
    this.room = Math.max(0, Math.min(this.room, this.#credit));
  }

  /** So many calls have gone in the open stretch. */
  take(count: number, fromUs: number, toUs: number, answerUs: number): void {
    if (count <= 0) return;
    this.room -= count;
    this.#credit -= count;
    const cycleUs = this.#perUs + answerUs;
    // Those whose places came free within the stretch were used again in it: only the last cycle's are still taken.
    const taken = Math.min(count, (count * cycleUs) / (toUs - fromUs));
    this.#free -= taken;
    const sinceUs = Math.max(fromUs, toUs - cycleUs);
    this.#queue.push({ fromUs: sinceUs + cycleUs, toUs: toUs + cycleUs, count: taken });
  }

  #release(untilUs: number): void {
    for (let segment = this.#queue[this.#head]; segment; segment = this.#queue[this.#head]) {
      if (segment.toUs <= untilUs) {
        this.#free += segment.count;
        this.#head += 1;
        continue;
      }
      if (segment.fromUs >= untilUs) return;
      const part = (segment.count * (untilUs - segment.fromUs)) / (segment.toUs - segment.fromUs);
      this.#free += part;
      segment.count -= part;
      segment.fromUs = untilUs;
      return;
    }
  }
}

const segmentOf = ({ atUs, count }: Release): Segment => ({ fromUs: atUs, toUs: atUs, count });
