// When a job that is not there yet would go, beside all that waits already: its flows are added to the state of a home, and the forecast
// runs. With a `what_if`, over a state in which the numbers of the limits are others. Pure.
import type { Coming, FinishOf } from '../accept/finish.ts';
import type { PlannedJob } from '../accept/plan.ts';
import type { WhatIf } from '../contract/account.ts';
import { PRIORITIES } from '../contract/job.ts';
import type { Limit } from '../contract/limit.ts';
import { isoTime } from '../contract/time.ts';
import { type Flow, forecast } from '../pacing/forecast.ts';
import type { LimitUse } from '../pacing/use.ts';
import type { HomeState, HomeStates, LaneState } from './home-state.ts';
import { loadsOf, p90Of } from './outlook.ts';
import { type TimelineLine, timelineOf } from './timeline.ts';

/** No job is called so. */
const PLAN = 'plan';
const DAY_MS = 86_400_000;

export interface Plan {
  timeline: TimelineLine[];
  /** When the last answer should be there; null: not within the life of a job. */
  finish_at: string | null;
  p90: string | null;
  /** Messages whose time would end before they could go. */
  expired: number;
}

export function planOf(state: HomeState, sender: string, job: PlannedJob): Plan {
  const flows = job.groups.map((group, i) => flowOf(job, group, `${PLAN}/${i}`, state.nowUs));
  const lane = state.lanes.find(({ id }) => id === sender);
  const likely = forecast(loadsOf(state, lane, flows), state.nowUs);
  const outlooks = flows.map(({ id }) => likely.get(id));
  const gone = outlooks.flatMap((one) => one?.stretches ?? []).reduce((sum, { count }) => sum + count, 0);
  const finishUs = latest(outlooks.map((one) => one?.finishUs));
  return {
    timeline: timelineOf(
      outlooks.map((one) => one?.stretches ?? []),
      PLAN,
    ),
    finish_at: finishUs === undefined ? null : isoTime(Math.ceil(finishUs / 1_000)),
    p90:
      finishUs === undefined || !lane ? null : isoTime(Math.ceil(p90Of(state.nowUs, finishUs, lane) / 1_000)),
    expired:
      job.endsMs === undefined ? 0 : Math.max(0, Math.round(job.checked.total - job.suppressedCount - gone)),
  };
}

/** When the last answer should be there, as the limits alone allow it (µs); a hold that only somebody can end counts as over. */
function finishUsOf(state: HomeState, sender: string, job: Coming): number | undefined {
  const flows = job.groups.map((group, i) =>
    flowOf({ ...job, endsMs: undefined }, group, `${PLAN}/${i}`, state.nowUs),
  );
  const lane = state.lanes.find(({ id }) => id === sender);
  const loads = loadsOf(state, lane, flows).map((load) => ({
    ...load,
    heldUs: Number.isFinite(load.heldUs) ? load.heldUs : 0,
  }));
  const likely = forecast(loads, state.nowUs);
  return latest(flows.map(({ id }) => likely.get(id)?.finishUs));
}

export function createFinishOf(states: HomeStates): FinishOf {
  return async ({ home, id }, job) => {
    const finishUs = finishUsOf(await states.read(home, id), id, job);
    return finishUs === undefined ? undefined : Math.ceil(finishUs / 1_000);
  };
}

const latest = (moments: readonly (number | undefined)[]): number | undefined =>
  moments.includes(undefined) ? undefined : Math.max(...moments.map(Number));

function flowOf(
  { priority, startMs, spreadMs, endsMs }: Pick<PlannedJob, 'priority' | 'startMs' | 'spreadMs' | 'endsMs'>,
  { count, opensMs, closesMs }: PlannedJob['groups'][number],
  id: string,
  nowUs: number,
): Flow {
  return {
    id,
    priority: PRIORITIES.indexOf(priority),
    left: count,
    startUs: Math.max(nowUs, startMs * 1_000),
    spreadUs: spreadMs * 1_000,
    next: 0,
    rows: Math.max(1, count),
    opensUs: opensMs * 1_000,
    closesUs: closesMs * 1_000,
    endsUs: (endsMs ?? 0) * 1_000,
  };
}

/** The state of a home as it would be with other numbers for one sender: what is counted stays counted. */
export function supposing(state: HomeState, sender: string, whatIf: WhatIf): HomeState {
  const lanes = state.lanes.map((lane) => ({ ...lane, uses: usesWith(lane, sender, whatIf) }));
  return { ...state, lanes };
}

function usesWith({ id, sender, uses }: LaneState, asked: string, whatIf: WhatIf): LimitUse[] {
  const { throughput, messaging_limit: tier } = whatIf;
  const changed = uses.map((use) => {
    const rate = use.limit.kind === 'rolling' && use.limit.name === `${sender?.platform}.throughput`;
    return rate && id === asked && throughput !== undefined ? counting(use, throughput) : use;
  });
  if (tier === undefined || !sender?.portfolio) return changed;
  const others = changed.filter(({ limit }) => limit.kind !== 'unique');
  if (tier === 'unlimited') return others;
  const limit: Limit = {
    kind: 'unique',
    name: `${sender.platform}.messaging_limit`,
    scope: sender.portfolio.id,
    count: tier,
    perMs: DAY_MS,
  };
  const known = changed.find((use) => use.limit.kind === 'unique');
  const unused: LimitUse = { limit, count: tier, held: 0, releases: [], gridUs: 0, closedUs: 0 };
  return [...others, known ? counting(known, tier) : unused];
}

function counting(use: LimitUse, count: number): LimitUse {
  return use.limit.kind === 'pair' ? use : { ...use, count, limit: { ...use.limit, count } };
}
