// Senders of one home in virtual time: the plain model paces them, calls take chance times, and the same numbers that the API reads from
// Redis are read from the model. Days pass in a moment.
import type { Limit } from '../../src/contract/limit.ts';
import type { Load } from '../../src/pacing/forecast.ts';
import { Model } from '../../src/pacing/model.ts';
import { seededRandom } from './dice.ts';

const HORIZON_US = 50_000;
/** Between two takes of a lane that its limits hold. */
const GAP_US = 40_000;
const TAKE_MAX = 64;
/** A lane that waits for a limit of the home looks again within this time. */
const STANDS_US = 1_500_000;
/** Rows of one job before the next job's turn comes. */
const SHARE = 16;

export interface VirtualJob {
  id: string;
  priority: number;
  total: number;
  /** Index of the lane. */
  lane: number;
  startUs: number;
}

interface Flight {
  call: number;
  job: number;
  endUs: number;
}

export class VirtualHome {
  nowUs = 1_800_000_000_000_000;
  readonly model = new Model();
  /** Of each job: not yet granted, and when its last answer came. */
  readonly left: number[];
  readonly endedUs: number[];
  readonly answered: number[];
  #flying: Flight[] = [];
  #turn = 0;
  /** Of each job: when it had its last share, and rows of the one it has now. */
  readonly #turns: number[] = [];
  readonly #had: number[] = [];
  /** Lanes that wait for a limit that they share: what each was served since, and until when it stands. */
  readonly #waiting = new Map<number, { served: number; untilUs: number }>();
  #people = 0;
  readonly #random: () => number;
  readonly #limits: readonly (readonly Limit[])[];
  readonly #jobs: readonly VirtualJob[];
  readonly #answerUs: number;

  constructor(
    limits: readonly (readonly Limit[])[],
    jobs: readonly VirtualJob[],
    answerUs: number,
    seed: number,
  ) {
    this.#limits = limits;
    this.#jobs = jobs;
    this.#answerUs = answerUs;
    this.#random = seededRandom(seed);
    this.left = jobs.map(({ total }) => total);
    this.answered = jobs.map(() => 0);
    this.endedUs = jobs.map(() => 0);
  }

  /** Until every job has ended; `look` is asked after every step. */
  run(look: () => void): void {
    while (this.answered.some((count, i) => count < (this.#jobs[i]?.total ?? 0))) {
      const nextUs = Math.min(...this.#limits.map((limits, lane) => this.#take(limits, lane)));
      const endUs = this.#flying[0]?.endUs ?? Number.POSITIVE_INFINITY;
      this.nowUs = Math.min(Math.max(nextUs, this.nowUs + GAP_US), Math.max(endUs, this.nowUs + GAP_US));
      this.#end();
      look();
    }
  }

  /** What the lanes look like now, as a forecast wants it. */
  loads(): Load[] {
    return this.#limits.map((limits, lane) => ({
      limits: limits.map((limit) => this.model.use(limit, this.nowUs)),
      answerUs: this.#answerUs,
      heldUs: 0,
      flows: this.#jobs.flatMap((job, i) =>
        job.lane !== lane
          ? []
          : {
              id: job.id,
              priority: job.priority,
              left: this.left[i] ?? 0,
              startUs: job.startUs,
              spreadUs: 0,
              next: 0,
              rows: job.total,
              opensUs: 0,
              closesUs: 0,
              endsUs: 0,
            },
      ),
    }));
  }

  /** One take of a lane; when it should look again. */
  #take(limits: readonly Limit[], lane: number): number {
    const rows = this.#candidates(lane);
    const coming = this.#jobs.filter((job) => job.lane === lane && job.startUs > this.nowUs);
    const startUs = Math.min(Number.POSITIVE_INFINITY, ...coming.map((job) => job.startUs));
    if (rows.length === 0) return startUs;
    const people = rows.map(() => ({ person: `p${++this.#people}`, exempt: false }));
    const want = this.#allowance(lane, rows.length);
    const { granted, nextUs, binding } = this.model.take(limits, people, want, this.nowUs, HORIZON_US);
    const shared = want < rows.length || (binding !== undefined && this.#isShared(binding));
    this.#served(lane, granted.length, shared && granted.length < rows.length, nextUs);
    for (const { candidate, momentUs, call } of granted) {
      const job = rows[candidate] ?? 0;
      this.#gone(job);
      // Skewed as answers are: most a little under the mean, a few far over it.
      const tookUs = this.#answerUs * (0.7 - 0.3 * Math.log(1 - this.#random()));
      this.#flying.push({ call, job, endUs: momentUs + tookUs });
    }
    this.#flying.sort((a, b) => a.endUs - b.endUs);
    return granted.length === want && want > 0 ? this.nowUs : Math.min(nextUs, startUs);
  }

  #isShared = ({ name, scope }: Limit): boolean =>
    this.#limits.filter((own) => own.some((one) => one.name === name && one.scope === scope)).length > 1;

  /** Nobody who waits for a shared limit is more than a share ahead of another. */
  #allowance(lane: number, want: number): number {
    const others = [...this.#waiting].filter(
      ([other, { untilUs }]) => other !== lane && untilUs > this.nowUs,
    );
    if (others.length === 0) return want;
    const least = Math.min(...others.map(([, { served }]) => served));
    const own = this.#waiting.get(lane);
    const mine = own && own.untilUs > this.nowUs ? own.served : Math.max(own?.served ?? 0, least);
    this.#waiting.set(lane, { served: mine, untilUs: own?.untilUs ?? this.nowUs });
    return Math.max(0, Math.min(want, least + SHARE - mine));
  }

  #served(lane: number, count: number, waits: boolean, nextUs: number): void {
    const before = this.#waiting.get(lane)?.served ?? 0;
    const untilUs = (Number.isFinite(nextUs) ? Math.max(nextUs, this.nowUs) : this.nowUs) + STANDS_US;
    if (waits) this.#waiting.set(lane, { served: before + count, untilUs });
    else this.#waiting.delete(lane);
  }

  /** By priority, then in turns between the jobs: each has its share before the next. */
  #candidates(lane: number): number[] {
    const rows: number[] = [];
    for (let priority = 0; priority < 3; priority += 1) {
      const own = this.#jobs
        .map((job, i) => ({ ...job, i }))
        .filter((job) => job.lane === lane && job.priority === priority && job.startUs <= this.nowUs)
        .sort((a, b) => (this.#turns[a.i] ?? 0) - (this.#turns[b.i] ?? 0));
      const left = own.map(({ i }) => this.left[i] ?? 0);
      for (
        let at = 0;
        rows.length < TAKE_MAX && left.some((count) => count > 0);
        at = (at + 1) % own.length
      ) {
        const job = own[at]?.i ?? 0;
        const had = (this.left[job] ?? 0) === left[at] ? (this.#had[job] ?? 0) : 0;
        const count = Math.min(SHARE - had, left[at] ?? 0, TAKE_MAX - rows.length);
        left[at] = (left[at] ?? 0) - count;
        rows.push(...Array.from({ length: count }, () => job));
      }
    }
    return rows;
  }

  /** A row has gone: who has had its share goes to the back. */
  #gone(job: number): void {
    this.left[job] = (this.left[job] ?? 0) - 1;
    this.#had[job] = ((this.#had[job] ?? 0) + 1) % SHARE;
    if (this.#had[job] === 0) this.#turns[job] = ++this.#turn;
  }

  #end(): void {
    const ended = this.#flying.filter(({ endUs }) => endUs <= this.nowUs);
    this.#flying = this.#flying.filter(({ endUs }) => endUs > this.nowUs);
    this.model.end(ended.map(({ call, endUs }) => ({ call, outcome: 'sent' as const, endedUs: endUs })));
    for (const { job, endUs } of ended) {
      this.answered[job] = (this.answered[job] ?? 0) + 1;
      this.endedUs[job] = Math.max(this.endedUs[job] ?? 0, endUs);
    }
  }
}
