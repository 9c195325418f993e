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

export function problemLines(problem: ApiProblem): string[] {
  const details = problem.details.map(
    ({ path, message }) => `  ${placeOf(path)}${path === '' ? '' : ': '}${message}`,
  );
  const id = problem.requestId === undefined ? '' : ` (request ${problem.requestId})`;
  return [`${problem.message} [${problem.code}]${id}`, ...details];
}

/** A message that never became an item, or came twice. */
export interface LeftOut {
  index: number;
  line?: number;
  code?: string;
  message?: string;
  of?: number;
}

export const leftOutLines = (rows: readonly LeftOut[]): string[] =>
  rows.map(({ index, line, message, of }) => {
    const place = line === undefined ? `message ${index}` : `line ${line}`;
    return `  ${place}: ${message ?? `the same recipient as message ${of}`}`;
  });

/** Where in the file it is, if the API says so. */
const placeOf = (path: string): string => path.replace(/^lines\[(\d+)\]/, 'line $1');
