// What the client prints about jobs, items and problems: pure, from what the API answered to lines.

import type { ApiProblem } from '../../client/client.ts';
import type { Item, Job } from '../../contract/job.ts';
import { count } from '../terminal/amounts.ts';
import { tableLines } from '../terminal/table.ts';

export function jobsTable(jobs: readonly Job[]): string[] {
  const rows = jobs.map(({ id, status, sender, created_at, counts, progress }) => [
    id,
    status,
    sender,
    created_at,
    count(counts.total),
    `${Math.floor(progress * 100)} %`,
    count(counts.failed + counts.unknown),
  ]);
  return tableLines([['JOB', 'STATUS', 'SENDER', 'CREATED', 'TOTAL', 'DONE', 'FAILED'], ...rows], [4, 5, 6]);
}

/** What is zero is left out, but for the total. */
export function jobLines(job: Job): string[] {
  const counts = Object.entries(job.counts).filter(([name, n]) => name === 'total' || n > 0);
  const rows = [
    ['job', job.id],
    ['status', job.hold ? `${job.status}: ${job.hold.message}` : job.status],
    ['sender', job.sender],
    ['created', job.created_at],
    ['updated', job.updated_at],
    ...counts.map(([name, n]) => [name, count(n)]),
    ...(job.rejected_count > 0 ? [['rejected', count(job.rejected_count)]] : []),
    ...(job.duplicate_count > 0 ? [['repeated', count(job.duplicate_count)]] : []),
  ];
  return tableLines(rows);
}

export const ITEM_COLUMNS = ['INDEX', 'TO', 'REFERENCE', 'STATUS', 'TRIES', 'ERROR'];

export const itemRow = ({ index, to, reference, status, attempts, error }: Item): string[] => [
  String(index),
  to,
  reference ?? '',
  status,
  String(attempts),
  error ? `${error.code} ${error.message}` : '',
];

/** `lineOf` gives the line of the file that a message came from. */
export function problemLines(problem: ApiProblem, lineOf?: (index: number) => number | undefined): string[] {
  const details = problem.details.map(
    ({ path, message }) => `  ${placeOf(path, lineOf)}${path === '' ? '' : ': '}${message}`,
  );
  const id = problem.requestId === undefined ? '' : ` (request ${problem.requestId})`;
  return [`${problem.message} [${problem.code}]${id}`, ...details];
}

/** A message that never became an item, or came twice. */
export interface LeftOut {
  index: number;
  code?: string;
  message?: string;
  of?: number;
}

export function leftOutLines(rows: readonly LeftOut[], lineOf: (index: number) => number | undefined) {
  return rows.map(({ index, message, of }) => {
    const line = lineOf(index) ?? `message ${index}`;
    return `  line ${line}: ${message ?? `the same recipient as in line ${lineOf(of ?? 0) ?? of}`}`;
  });
}

function placeOf(path: string, lineOf: ((index: number) => number | undefined) | undefined): string {
  const index = /^messages\[(\d+)\]/.exec(path)?.[1];
  const line = index === undefined ? undefined : lineOf?.(Number(index));
  return line === undefined ? path : `line ${line}: ${path}`;
}
