// The answer times of one lane's last calls, told to Redis when they are news: a sender's pace of answers seldom changes.
import type { AnswerTimes } from '../../src/pacing/answer-times.ts';

const KEPT_CALLS = 64;
/** A change by less than this part is none. */
const NEWS = 0.2;
/** Not oftener than this. */
const GAP_US = 2_000_000;

export class AnswerMeter {
  readonly #times: number[] = [];
  #at = 0;
  #told: number | undefined;
  #toldUs = Number.NEGATIVE_INFINITY;

  note(tookUs: number): void {
    this.#times[this.#at % KEPT_CALLS] = Math.max(1, tookUs);
    this.#at += 1;
  }

  /** What should be told now; undefined when it is known. */
  news(nowUs: number): AnswerTimes | undefined {
    if (this.#times.length === 0 || nowUs - this.#toldUs < GAP_US) return undefined;
    const sorted = this.#times.toSorted((a, b) => a - b);
    const medianUs = sorted[Math.floor(sorted.length / 2)] ?? 0;
    this.#toldUs = nowUs;
    if (this.#told !== undefined && Math.abs(medianUs - this.#told) < NEWS * this.#told) return undefined;
    this.#told = medianUs;
    return { medianUs, p90Us: sorted[Math.floor(sorted.length * 0.9)] ?? medianUs };
  }
}
