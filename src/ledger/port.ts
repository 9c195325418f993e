// What other rooms ask of the ledger: the rows of jobs and their items, as clients see them.
import type { Environment } from '../contract/environment.ts';
import type { Item, ItemStatus, Job, JobKind, JobStatus } from '../contract/job.ts';
import type { Row, SealRecord } from '../contract/record.ts';

export interface JobFilter {
  status?: JobStatus | undefined;
  kind?: JobKind | undefined;
  sender?: string | undefined;
  createdAfterMs?: number | undefined;
}

/** A page of `rows`; `next` continues behind it, undefined at the end. */
export interface Page<Row, Position> {
  rows: Row[];
  next: Position | undefined;
}

/** Newest first; ties by id. */
export interface JobPosition {
  createdMs: number;
  id: string;
}

/** A row of a request that never became an item. `of`: of a repeat, the row that it repeats. `line`: of a stream, where it stands in the body. */
export interface LeftOut {
  index: number;
  code: string;
  message: string;
  of: number | null;
  line: number | null;
}

/** Of these rows of a job, the places of those whose people were forgotten after it came: nobody is shown who they were. */
export type FindForgotten = (job: SealRecord, rows: readonly Row[]) => Promise<ReadonlySet<number>>;

export interface LedgerReader {
  /** One consistent reading of one job; undefined when there is none. Cost does not depend on its size. */
  job(home: string, id: string): Promise<Job | undefined>;
  /** Reads at most 1,000 rows per call, so a filtered page may be short and still have a `next`. */
  jobs(
    workspace: string,
    environment: Environment,
    filter: JobFilter,
    after: JobPosition | undefined,
    limit: number,
  ): Promise<Page<Job, JobPosition>>;
  /** Items by index, from `fromIndex` on. */
  items(
    home: string,
    id: string,
    status: ItemStatus | undefined,
    fromIndex: number,
    limit: number,
  ): Promise<Page<Item, number>>;
  /** Rows that never became items, by index, from `fromIndex` on; a page may be short and still have a `next`. Undefined when there is no such job. */
  leftOut(
    home: string,
    id: string,
    fromIndex: number,
    limit: number,
  ): Promise<Page<LeftOut, number> | undefined>;
}

export interface LedgerWriter {
  /** Writes a job's row as `accepted` if it is not there, and lists it. Repeatable. False: the id belongs to another body. */
  create(seal: SealRecord): Promise<boolean>;
}
