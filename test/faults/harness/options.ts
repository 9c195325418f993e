// What a course is told.
import type { Verdict } from './check.ts';
import type { Fleet } from './fleet.ts';
import type { History } from './history.ts';
import type { Fault } from './schedule.ts';

/** Of a course that does one thing so often. */
export interface NamedOptions {
  seed: number;
  folder: string;
  rounds: number;
  /** A commit. */
  old: string;
  /** Of what a course does only that whose name has this. */
  only: string;
  /** Kafka, for the courses that need one and for those that shall use it. */
  kafka: string | undefined;
}

/** Of a course whose client posts by itself, beside no schedule. */
export const BY_ITSELF = { jobs: 0, postingMs: 0, faults: [] } as const;

/** Of a course that does one thing again and again, while messages go all the time, slowly. */
export const FED = {
  jobs: Number.POSITIVE_INFINITY,
  rows: 100,
  postingMs: 'feed',
  faults: [],
  patienceMs: 120_000,
  throughput: 10,
  latencyMs: 100,
} as const;

export interface CourseOptions {
  seed: number;
  /** Where the histories go. */
  folder: string;
  jobs: number;
  rows: number;
  /** Over how long the client posts; `feed`: a job whenever few messages wait, until what is done beside it has been done. */
  postingMs: number | 'feed';
  faults: readonly Fault[];
  patienceMs: number;
  kafka?: string | undefined;
  sources?: string | undefined;
  /** In messages a second, of each of two senders. */
  throughput: number;
  latencyMs?: number;
  env?: Record<string, string>;
  body?: Record<string, unknown>;
  dispatchers?: number;
  /** Both senders are of this portfolio. */
  portfolio?: string;
  gentle?: boolean;
  /** Done beside the faults; gives what else there is to say. */
  also?: (fleet: Fleet, history: History) => Promise<Partial<Verdict> | undefined>;
  olderFolder?: string | undefined;
  /** All API processes listen on one port. */
  onePort?: boolean;
}
