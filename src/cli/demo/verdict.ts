// Whether it went as it should, by the sandbox's own record: pure, from what it received to a table.
import type { Job } from '../../contract/job.ts';
import { spanMs } from '../client/follow.ts';
import { count, duration } from '../terminal/amounts.ts';
import type { Style } from '../terminal/style.ts';
import { tableLines } from '../terminal/table.ts';

/** The parts of the sandbox's `GET /ledger` that are read here. */
export interface LedgerReport {
  totals: { arrivals: number; taken: number };
  recipients: number;
  repeats: number;
  violations: { total: number };
  numbers: Record<string, { highest: Record<string, number>; span_ms: number | null }>;
}

/** A row of the sandbox's `GET /ledger/arrivals`. */
export interface Arrival {
  to: string | null;
  taken: boolean;
}

export interface Evidence {
  /** In E.164, each once. */
  recipients: readonly string[];
  number: string;
  throughput: number;
  ledger: LedgerReport;
  arrivals: readonly Arrival[];
  job: Job;
}

export interface Verdict {
  good: boolean;
  findings: Finding[];
}

interface Finding {
  what: string;
  value: string;
  bound: string;
  good: boolean;
}

/** What a run may take above recipients ÷ rate: 5 %, and a second to get going. */
const SLACK = 1.05;
const START_MS = 1_000;

export function judge({ recipients, number, throughput, ledger, arrivals, job }: Evidence): Verdict {
  const sent = recipients.length;
  const longestMs = SLACK * (sent / throughput) * 1_000 + START_MS;
  const { highest, span_ms: arrivedMs } = ledger.numbers[number] ?? { highest: {}, span_ms: null };
  const busiest = highest['1000ms'] ?? 0;
  const jobMs = spanMs(job);
  const once = receivedOnce(recipients, arrivals);
  const { taken } = ledger.totals;
  const atMost = `at most ${duration(longestMs)}`;
  const findings = [
    finding('messages received', count(taken), `of ${count(sent)}`, taken === sent),
    finding('recipients with exactly one', count(once), `of ${count(sent)}`, once === sent),
    finding('sent twice', count(ledger.repeats), '', ledger.repeats === 0),
    finding('limits broken', count(ledger.violations.total), '', ledger.violations.total === 0),
    finding('most in any one second', count(busiest), `limit ${throughput}`, busiest <= throughput),
    finding(
      'first to last',
      arrivedMs === null ? 'nothing came' : duration(arrivedMs),
      atMost,
      arrivedMs !== null && arrivedMs <= longestMs,
    ),
    finding(
      'job created to completed',
      job.status === 'completed' ? duration(jobMs) : job.status,
      atMost,
      job.status === 'completed' && jobMs <= longestMs,
    ),
  ];
  return { good: findings.every(({ good }) => good), findings };
}

const finding = (what: string, value: string, bound: string, good: boolean): Finding => ({
  what,
  value,
  bound,
  good,
});

/** How many of the recipients got one message, no more, no less. */
function receivedOnce(recipients: readonly string[], arrivals: readonly Arrival[]): number {
  const times = new Map<string, number>();
  for (const { to, taken } of arrivals) if (taken && to !== null) times.set(to, (times.get(to) ?? 0) + 1);
  return recipients.filter((to) => times.get(to.replace('+', '')) === 1).length;
}

export function verdictLines({ findings }: Verdict, style: Style): string[] {
  const table = tableLines(
    findings.map(({ what, value, bound }) => [what, value, bound]),
    [1],
  );
  return table.map((line, at) => `  ${findings[at]?.good ? style.good('✓') : style.bad('✗')} ${line}`);
}
