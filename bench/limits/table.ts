// The results as the README shows them: one row per limit and latency, over all processes and conditions.
import { isBroken, type LaneResult } from './result.ts';

export interface TableRow {
  limit: string;
  latencyMs: number;
  boundMs: number | undefined;
  runs: LaneResult[];
}

export function rowsOf(results: readonly LaneResult[]): TableRow[] {
  const rows = new Map<string, TableRow>();
  for (const result of results) {
    const { limit, latencyMs, boundMs } = result.lane;
    const key = `${limit.name} ${latencyMs} ${boundMs}`;
    const row = rows.get(key) ?? { limit: limit.name, latencyMs, boundMs, runs: [] };
    row.runs.push(result);
    rows.set(key, row);
  }
  return [...rows.values()];
}

const HEAD = [
  'limit',
  'latency',
  'runs',
  'configured',
  'most seen at the receiver',
  'use',
  'wanted',
  'violations',
];

export function markdownOf(results: readonly LaneResult[]): string {
  const lines = rowsOf(results).map(cellsOf);
  return [HEAD, HEAD.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cellsOf({ limit, latencyMs, boundMs, runs }: TableRow): string[] {
  const windows = runs[0]?.lane.limit.windows ?? [];
  const inWords = (counts: readonly number[]): string =>
    windows
      .map(({ perMs }, i) => `${(counts[i] ?? 0).toLocaleString('en-US')} in ${perMs / 1_000} s`)
      .join(', ');
  const uses = runs.flatMap(({ use }) => use ?? []);
  const broken = runs.filter(isBroken).reduce((sum, { violations }) => sum + violations, 0);
  return [
    limit,
    `${latencyMs} ms${boundMs === undefined ? '' : `, bound ${boundMs} ms`}`,
    String(runs.length),
    inWords(windows.map(({ count }) => count)),
    inWords(windows.map((_, i) => Math.max(...runs.map(({ seen }) => seen[i] ?? 0)))),
    rangeOf(uses),
    rangeOf(runs.map(({ wanted }) => wanted)),
    String(broken),
  ];
}

function rangeOf(shares: readonly number[]): string {
  if (shares.length === 0) return '–';
  const [least, most] = [Math.min(...shares), Math.max(...shares)].map((share) => (100 * share).toFixed(1));
  return least === most ? `${least} %` : `${least}–${most} %`;
}
