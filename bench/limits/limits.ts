// Limits at the receiver: many limits, latencies, processes and troubles; each judged by the receiver's own rolling windows.
import type { Bench } from '../bench.ts';
import type { Line, Report } from '../report.ts';
import { rounded } from '../stats.ts';
import { runCourse } from './course.ts';
import { type Course, fullPlan, shortPlan } from './plan.ts';
import { isBroken, type LaneResult, nameOf } from './result.ts';
import { markdownOf, rowsOf } from './table.ts';

const TAKEOVER_MAX_MS = 4_000;

export const limits: Bench = {
  name: 'limits',
  run: async ({ redisUrl, redis, options, say }) => {
    const courses = (options.full ? fullPlan() : shortPlan()).filter(chosen(options.only));
    const results: LaneResult[] = [];
    for (const course of courses) {
      const { namespace, results: lanes } = await runCourse(course, redisUrl);
      await redis.clear(namespace);
      for (const result of lanes) say(sentence(result));
      results.push(...lanes);
    }
    say(`for the README:\n${markdownOf(results)}`);
    return reportOf(results);
  },
};

/** `--only "2 killed,1 saturated"` */
const chosen =
  (only: readonly string[] | undefined) =>
  ({ processes, condition }: Course): boolean =>
    !only || only.includes(`${processes} ${condition}`);

function sentence(result: LaneResult): string {
  const { processes, condition, seen, lane, use, wanted, violations, roundTripMs, takeoversMs } = result;
  const windows = lane.limit.windows.map(
    ({ count, perMs }, i) => `${seen[i]} of ${count} in ${perMs / 1_000} s`,
  );
  const part = use === undefined ? 'no whole period' : `use ${percent(use)}, wanted ${percent(wanted)}`;
  const missed = use !== undefined && use < wanted ? ' MISSED' : '';
  const takeover =
    takeoversMs.length > 0 ? `, taken over after ${takeoversMs.map(Math.round).join(', ')} ms` : '';
  return (
    `${processes} × ${condition}: ${nameOf(result.lane)}: at most ${windows.join(', ')}; ${violations} violations; ` +
    `${part}${missed}; median round trip ${roundTripMs.toFixed(1)} ms${takeover}`
  );
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function reportOf(results: readonly LaneResult[]): Report {
  return {
    benchmark: 'limits',
    setting:
      'every lane saturated; use = what arrived to what the limit allows, in the stretches outside of takeovers',
    lines: [...rowsOf(results).flatMap(({ runs }) => worstOf(runs)), ...takeoverOf(results)],
    details: results.map(({ lane, ...rest }) => ({
      limit: lane.limit.name,
      latencyMs: lane.latencyMs,
      boundMs: lane.boundMs,
      windows: lane.limit.windows,
      ...rest,
    })),
    faults: results.flatMap(faultsOf),
  };
}

/** The run that came nearest to missing what is wanted, or missed it most. */
function worstOf(runs: readonly LaneResult[]): Line[] {
  const judged = runs.filter(({ use }) => use !== undefined);
  const margin = ({ use = 0, wanted }: LaneResult): number => use - wanted;
  const worst = judged.toSorted((a, b) => margin(a) - margin(b))[0];
  if (worst?.use === undefined) return [];
  return [
    {
      what: `${nameOf(worst.lane)}: least use in ${judged.length} runs`,
      unit: '%',
      ours: 100 * worst.use,
      target: { atLeast: rounded(100 * worst.wanted) },
    },
  ];
}

function takeoverOf(results: readonly LaneResult[]): Line[] {
  const all = results.filter(({ processes }) => processes > 1).flatMap(({ takeoversMs }) => takeoversMs);
  if (all.length === 0) return [];
  const what = `longest of ${all.length} takeovers`;
  return [{ what, unit: 'ms', ours: Math.max(...all), target: { atMost: TAKEOVER_MAX_MS } }];
}

function faultsOf(result: LaneResult): string[] {
  const { processes, condition, violations, repeats, arrivals, sent } = result;
  const where = `${processes} × ${condition}: ${nameOf(result.lane)}`;
  return [
    ...(isBroken(result) ? [`${where}: ${violations} violations`] : []),
    ...(repeats > 0 ? [`${where}: ${repeats} recipients got it twice`] : []),
    ...(condition !== 'killed' && condition !== 'frozen' && arrivals !== sent
      ? [`${where}: ${arrivals} of ${sent} have arrived`]
      : []),
  ];
}
