// What a job waits for and when it will have gone: the forecast over the state of its home, as `eta` and `hold`. Pure.
import { type HoldFact, holdOf } from '../contract/hold.ts';
import type { Hold, Job } from '../contract/job.ts';
import { PRIORITIES } from '../contract/job.ts';
import { isoTime } from '../contract/time.ts';
import { jobOfCursor } from '../lanes/cursor.ts';
import { type QueuedCursor, type WaitsAlone, whyOf } from '../lanes/queue.ts';
import { type Flow, forecast, type Load, type Outlook } from '../pacing/forecast.ts';
import { holdFields } from '../pacing/keys.ts';
import { type LimitUse, nextFreeUs } from '../pacing/use.ts';
import { type HomeState, type LaneState, laneHold } from './home-state.ts';
import { tierFor } from './people.ts';

/** Beyond slower answers: what a p90 leaves room for. */
const P90_PART = 0.02;
const P90_ROOM_US = 500_000;
/** Below this part of new people a full messaging limit is not what a job waits for. */
const MOSTLY_NEW = 0.5;

export interface JobOutlook {
  eta: Job['eta'];
  hold: Hold | null;
}

/** A job that has come to its lane since the state was read, or that stands behind very many others, is in no cursor: it is added as if it were. */
export function outlookOf(state: HomeState, job: Job): JobOutlook {
  const open = job.counts.queued + job.counts.sending;
  const lane = state.lanes.find(({ id }) => id === job.sender);
  if (open === 0 || !lane || ENDED.has(job.status)) return { eta: null, hold: null };
  if (job.status === 'paused')
    return { eta: null, hold: holdOf({ limit: 'job_paused', scope: job.id, untilMs: null }) };
  const coming = comingFlow(state, lane, job);
  const likely = foreseeing(state, lane, coming);
  const finishUs = finishOf(likely, job.id, state, lane);
  const eta =
    finishUs === undefined
      ? null
      : {
          finish_at: isoTime(Math.ceil(finishUs / 1_000)),
          p90: isoTime(Math.ceil(p90Of(state.nowUs, finishUs, lane) / 1_000)),
        };
  return { eta, hold: job.counts.queued === 0 ? null : holdOf(holdFact(state, lane, job, likely, coming)) };
}

/** All jobs of a home are foreseen together: one reading is worked out once. */
const known = new WeakMap<HomeState, ReadonlyMap<string, Outlook>>();

function foreseeing(
  state: HomeState,
  lane: LaneState,
  coming: Flow | undefined,
): ReadonlyMap<string, Outlook> {
  const before = coming ? undefined : known.get(state);
  const made = before ?? forecast(loadsOf(state, lane, coming ? [coming] : []), state.nowUs);
  if (!coming) known.set(state, made);
  return made;
}

const ENDED = new Set<Job['status']>(['completed', 'canceled', 'canceling', 'expired', 'incomplete']);

/** Were all answers as slow as one in ten is, a place would come round so much later. */
export function p90Of(nowUs: number, finishUs: number, { answers, uses }: LaneState): number {
  const slower = Math.max(0, answers.p90Us - answers.medianUs);
  const cycles = uses.flatMap(({ limit }) =>
    limit.kind === 'rolling' ? [limit.perMs * 1_000 + answers.medianUs] : [],
  );
  const part = P90_PART + slower / Math.min(...cycles);
  return finishUs + slower + P90_ROOM_US + part * Math.max(0, finishUs - nowUs);
}

export function loadsOf(state: HomeState, lane: LaneState | undefined, coming: readonly Flow[]): Load[] {
  const busy = state.lanes.filter(({ queue }) => queue.cursors.length > 0);
  const newPart = busy.length === 0 ? 1 : busy.reduce((sum, one) => sum + one.newPart, 0) / busy.length;
  return state.lanes.map((one) => ({
    limits: one.uses.flatMap((use) => shared(use, newPart) ?? []),
    answerUs: Math.max(1, one.answers.medianUs),
    heldUs: heldUs(state, one),
    flows: [...flowsOf(state, one), ...(one === lane ? coming : [])],
  }));
}

/** Rules about one person each say nothing about how fast a job goes; a messaging limit says it of new people. */
function shared(use: LimitUse, newPart: number): LimitUse | undefined {
  if (use.limit.kind === 'pair') return undefined;
  return use.limit.kind === 'unique' ? tierFor(use, newPart) : use;
}

function heldUs(state: HomeState, lane: LaneState): number {
  const hold = laneHold(state, lane);
  return hold ? (hold.untilMs === null ? Number.POSITIVE_INFINITY : hold.untilMs * 1_000) : 0;
}

/** Rows that never became messages stand among a cursor's: what the ledger counts is shared out by rows. */
function flowsOf({ queued }: HomeState, { queue }: LaneState): Flow[] {
  const rows = new Map<string, number>();
  for (const { name, rows: all, next } of queue.cursors)
    rows.set(jobOfCursor(name), (rows.get(jobOfCursor(name)) ?? 0) + all - next);
  return queue.cursors.map((cursor) => {
    const job = jobOfCursor(cursor.name);
    const own = cursor.rows - cursor.next;
    const part = own / Math.max(1, rows.get(job) ?? own);
    const startUs = Math.max(cursor.startUs, cursor.parkedUs);
    return { ...cursor, startUs, id: cursor.name, left: Math.min(own, (queued.get(job) ?? own) * part) };
  });
}

const cursorsOf = ({ queue }: LaneState, job: string): QueuedCursor[] =>
  queue.cursors.filter(({ name }) => jobOfCursor(name) === job);

function comingFlow({ nowUs }: HomeState, lane: LaneState, { id, priority, counts }: Job): Flow | undefined {
  const there =
    cursorsOf(lane, id).length > 0 || lane.queue.later.some(({ member }) => member.startsWith(`${id}:`));
  if (there || counts.queued === 0) return undefined;
  return newFlow(id, PRIORITIES.indexOf(priority), counts.queued, nowUs, 0);
}

const newFlow = (id: string, priority: number, left: number, startUs: number, spreadUs: number): Flow => ({
  id,
  priority,
  left,
  startUs,
  spreadUs,
  next: 0,
  rows: Math.max(1, left),
  opensUs: 0,
  closesUs: 0,
  endsUs: 0,
});

/** The last of the job's cursors, and of its items that wait alone; calls under way end soon. */
function finishOf(
  outlooks: ReadonlyMap<string, Outlook>,
  job: string,
  { nowUs }: HomeState,
  { queue, answers }: LaneState,
): number | undefined {
  const own = [...outlooks].filter(([name]) => jobOfCursor(name) === job).map(([, { finishUs }]) => finishUs);
  const alone = queue.later
    .filter(({ member }) => member.startsWith(`${job}:`))
    .map(({ dueUs }) => Math.max(nowUs, dueUs) + answers.medianUs);
  const all = [nowUs + answers.medianUs, ...own, ...alone];
  return all.includes(undefined) ? undefined : Math.max(...all.map(Number));
}

/** The first of what holds the lane, what the job itself waits for, the limit that binds now, and the one that will. */
function holdFact(
  state: HomeState,
  lane: LaneState,
  job: Job,
  outlooks: ReadonlyMap<string, Outlook>,
  coming: Flow | undefined,
): HoldFact {
  const { nowUs } = state;
  const held = laneHold(state, lane);
  if (held) return held;
  const flows: (Flow | QueuedCursor)[] = coming ? [coming] : cursorsOf(lane, job.id);
  const waiting = flows.map(
    (flow) => timeHold(flow, job.id, nowUs) ?? asideHold(state, 'asideUs' in flow ? flow.asideUs : 0),
  );
  const latest = Number.POSITIVE_INFINITY;
  const earliest = waiting.includes(undefined)
    ? undefined
    : waiting.toSorted((a, b) => (a?.untilMs ?? latest) - (b?.untilMs ?? latest))[0];
  if (earliest) return earliest;
  const parked = parkedFact(lane, job, nowUs);
  if (parked) return parked;
  const alone = lane.queue.later.find(({ member }) => member.startsWith(`${job.id}:`));
  if (flows.length === 0 && alone)
    return aloneFact({ why: whyOf(alone.member), dueUs: alone.dueUs }, job, lane);
  return limitHold(lane, nowUs) ?? comingHold(lane, job.id, outlooks);
}

/** All that is left of the job waits for a template; undefined: some of it does not. */
function parkedFact(lane: LaneState, { id }: Job, nowUs: number): HoldFact | undefined {
  const until = cursorsOf(lane, id).map(({ parkedUs }) => parkedUs);
  if (until.length === 0 || until.some((us) => us <= nowUs)) return undefined;
  return { limit: 'template', scope: id, untilMs: Math.ceil(Math.min(...until) / 1_000) };
}

/** What an item that waits alone waits for. */
export function aloneFact(
  { why, dueUs }: WaitsAlone,
  { id, sender }: Pick<Job, 'id' | 'sender'>,
  lane: LaneState | undefined,
): HoldFact {
  const untilMs = Math.ceil(dueUs / 1_000);
  switch (why) {
    case 'pair':
      return { limit: 'meta.pair', scope: sender, untilMs };
    case 'people':
      return { limit: 'meta.messaging_limit', scope: lane?.sender?.portfolio?.id ?? sender, untilMs };
    case 'person':
      return { limit: 'recipient', scope: id, untilMs };
    case 'template':
      return { limit: 'template', scope: id, untilMs };
    case 'retry':
      return { limit: 'retry', scope: id, untilMs };
  }
}

/** Whether its rows stand in several cursors, one for each set of time zones. */
export const hasZones = (state: HomeState, job: Job): boolean =>
  state.lanes.some(
    (lane) => lane.id === job.sender && cursorsOf(lane, job.id).some(({ name }) => name !== job.id),
  );

/** The same for one of its items, which may wait longer than the job by its own due time, or by the clock of its recipient (`zone`). */
export function itemHold(
  state: HomeState,
  job: Job,
  { index, zone }: { index: number; zone: number | undefined },
  hold: Hold | null,
): Hold | null {
  const lane = state.lanes.find(({ id }) => id === job.sender);
  const name = zone === undefined ? job.id : `${job.id}/${zone}`;
  const cursor = lane && cursorsOf(lane, job.id).find((one) => one.name === name);
  if (!cursor || hold?.limit === 'scheduled' || job.status === 'paused') return hold;
  if (cursor.spreadUs === 0 && zone === undefined) return hold;
  const own = timeHold({ ...cursor, next: index }, job.id, state.nowUs);
  return own ? holdOf(own) : hold;
}

/** What a flow waits for by its own times; undefined: some of it is due. */
function timeHold(
  flow: Omit<Flow, 'id' | 'priority' | 'left' | 'endsUs'>,
  job: string,
  nowUs: number,
): HoldFact | undefined {
  const { startUs, spreadUs, next, rows, opensUs, closesUs } = flow;
  const fact = (limit: string, untilUs: number) => ({
    limit,
    scope: job,
    untilMs: Math.ceil(untilUs / 1_000),
  });
  if (startUs > nowUs) return fact('scheduled', startUs);
  // Never open: nobody knows where the recipients are, or it is always night somewhere in their country.
  const never = closesUs > 0 && opensUs >= closesUs;
  if (never) return { limit: 'quiet_hours', scope: job, untilMs: null };
  if (closesUs > 0 && opensUs > nowUs) return fact('quiet_hours', opensUs);
  if (closesUs > 0 && closesUs <= nowUs) return { limit: 'quiet_hours', scope: job, untilMs: null };
  const dueUs = startUs + (spreadUs * next) / Math.max(1, rows);
  return spreadUs > 0 && dueUs > nowUs ? fact('spread', dueUs) : undefined;
}

/** Its own times are past, and still it is put aside: its template is held. */
function asideHold({ nowUs, holds }: HomeState, asideUs: number): HoldFact | undefined {
  if (asideUs <= nowUs) return undefined;
  const templates = [...holds].filter(([field]) => field.startsWith(TEMPLATE));
  const [template] = templates.find(([, untilUs]) => untilUs === asideUs) ?? templates[0] ?? [];
  return template === undefined
    ? undefined
    : { limit: 'template', scope: template.slice(TEMPLATE.length), untilMs: Math.ceil(asideUs / 1_000) };
}

const TEMPLATE = holdFields.template('', '').slice(0, -1);

/** The limit that lets nothing more go now: the one that does so for longest. */
function limitHold({ uses, newPart }: LaneState, nowUs: number): HoldFact | undefined {
  let fact: HoldFact | undefined;
  let latestUs = nowUs;
  for (const use of uses) {
    const binds =
      shared(use, newPart) !== undefined && (use.limit.kind !== 'unique' || newPart >= MOSTLY_NEW);
    const freeUs = binds ? nextFreeUs(use, nowUs) : nowUs;
    const { name: limit, scope } = use.limit;
    if (freeUs === undefined) fact ??= { limit, scope, untilMs: null };
    else if (freeUs > latestUs) {
      latestUs = freeUs;
      fact = { limit, scope, untilMs: Math.ceil(freeUs / 1_000) };
    }
  }
  return fact;
}

/** Nothing binds at this moment: the limit that will, or the sender's rate. */
function comingHold({ id, uses }: LaneState, job: string, outlooks: ReadonlyMap<string, Outlook>): HoldFact {
  for (const [name, { stretches }] of outlooks) {
    const bound = jobOfCursor(name) === job ? stretches.find(({ limit }) => limit !== undefined) : undefined;
    if (bound?.limit !== undefined) return { limit: bound.limit, scope: bound.scope || job, untilMs: null };
  }
  return { limit: uses[0]?.limit.name ?? 'calls', scope: id, untilMs: null };
}
