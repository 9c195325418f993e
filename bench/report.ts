// What a benchmark hands back, how it is printed, and the file it is kept in.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Machine } from './machine.ts';
import { rounded } from './stats.ts';

const FOLDER = path.resolve(import.meta.dirname, 'results');

/** One figure beside its peer. Without a peer the figure itself is held against the target. */
export interface Line {
  what: string;
  unit: string;
  ours: number;
  peer?: { name: string; value: number };
  /** Median of the rounds' ratios, ours to theirs. */
  ratio?: number;
  /** On how many rounds the figures rest, in words. */
  rounds?: string;
  target?: { atLeast: number } | { atMost: number };
}

export interface Report {
  benchmark: string;
  /** How it was run, in words. */
  setting: string;
  lines: Line[];
  /** Whatever helps to see where the figures come from: every round, CPU times. */
  details: unknown;
  /** Counts that were not exact. Any makes the run fail. */
  faults: string[];
}

/** `ok`, or by how much it is missed; empty without a target. */
function verdictOf({ ours, ratio, target }: Line): string {
  if (!target) return '';
  const value = ratio ?? ours;
  if ('atLeast' in target) {
    if (value >= target.atLeast) return `ok (≥ ${target.atLeast})`;
    return `missed: ${rounded(value)} < ${target.atLeast}`;
  }
  if (value <= target.atMost) return `ok (≤ ${target.atMost})`;
  return `missed: ${rounded(value)} > ${target.atMost}`;
}

export function tableOf(reports: readonly Report[]): string {
  const head = ['', 'Sluice', 'peer', 'ratio', 'target'];
  const rows = reports.flatMap(({ lines }) => lines.map(rowOf));
  const widths = head.map((title, column) =>
    Math.max(title.length, 3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function rowOf(line: Line): string[] {
  const { what, unit, ours, peer, ratio, rounds } = line;
  return [
    what,
    `${grouped(ours)} ${unit}`,
    peer ? `${peer.name}: ${grouped(peer.value)} ${unit}` : '',
    ratio === undefined ? '' : `${rounded(ratio)}${rounds ? ` (${rounds})` : ''}`,
    verdictOf(line),
  ];
}

const grouped = (value: number): string =>
  (value >= 1_000 ? Math.round(value) : rounded(value)).toLocaleString('en-US');

export function keep(report: Report, machine: Machine): void {
  mkdirSync(FOLDER, { recursive: true });
  const { benchmark, ...rest } = report;
  const text = JSON.stringify({ benchmark, machine, ...rest }, roundedNumbers, 2);
  writeFileSync(path.join(FOLDER, `${benchmark}.json`), `${text}\n`);
}

const KEPT_DIGITS = 4;
const roundedNumbers = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value) ? rounded(value, KEPT_DIGITS) : value;
