// When what waits will have gone, if nothing else comes: the senders of one home side by side, calls as a fluid, the limits as the model
// has them. Pure. Steps grow with the time that has passed, so that ten minutes and ten days cost the same few hundred of them, and
// every answer is good to about one part in a hundred of the time until it.
import { evenShares } from './shares.ts';
import { Supply } from './supply.ts';
import type { LimitUse } from './use.ts';

const FIRST_STEP_US = 20_000;
const STEP_GROWTH = 1.02;
/** After a moment at which something begins, steps start anew from this part of the time that has passed. */
const FIRST_PART = 0.001;
const MAX_TURNS = 8;
const MAX_STEPS = 4_000;
/** Less than this of a message is none. */
const NOTHING = 1e-6;

/** Rows of one job that go one after another; where its cursor stands, as lanes know it. Times are µs, 0 where there is none. */
export interface Flow {
  id: string;
  /** 0 goes first. */
  priority: number;
  /** Messages that are still to go. */
  left: number;
  startUs: number;
  /** Row i of `rows` is due at start + spread × i / rows; `next` is the first that has not gone. */
  spreadUs: number;
  next: number;
  rows: number;
  /** Rows may go from `opensUs` until before `closesUs`, and so again every day. */
  opensUs: number;
  closesUs: number;
  /** What is left then does not go. */
  endsUs: number;
}

/** One sender with work. */
export interface Load {
  /** Those of its limits that others share are the same for them: known by kind, scope and name. */
  limits: readonly LimitUse[];
  /** From a call's moment to its answer. */
  answerUs: number;
  /** Nothing goes before: a hold. Infinity: until somebody does something. */
  heldUs: number;
  flows: readonly Flow[];
}

/** A stretch of time in which the same thing bound. */
export interface Stretch {
  fromUs: number;
  toUs: number;
  count: number;
  /** A limit's name, or `scheduled`, `spread`, `quiet_hours`; undefined: nothing bound. */
  limit: string | undefined;
  scope: string;
}

export interface Outlook {
  /** When the last answer is there; undefined: not within 45 days. */
  finishUs: number | undefined;
  stretches: Stretch[];
}

const DAY_US = 86_400_000_000;
/** The longest life of a job. */
const HORIZON_US = 45 * DAY_US;

export function forecast(loads: readonly Load[], nowUs: number): Map<string, Outlook> {
  const run = new Run(loads, nowUs);
  const turns = turnsOf(loads, nowUs);
  let stepUs = FIRST_STEP_US;
  let fromUs = nowUs;
  for (let step = 0; step < MAX_STEPS && fromUs < nowUs + HORIZON_US && !run.done(); step += 1) {
    const turnUs = turns.find((atUs) => atUs > fromUs) ?? Number.POSITIVE_INFINITY;
    const toUs = Math.min(fromUs + stepUs, turnUs);
    run.step(fromUs, toUs);
    fromUs = toUs;
    stepUs = toUs === turnUs ? Math.max(FIRST_STEP_US, (toUs - nowUs) * FIRST_PART) : stepUs * STEP_GROWTH;
  }
  return run.outlooks;
}

/** Moments at which something begins: no step goes across. */
const turnsOf = (loads: readonly Load[], nowUs: number): number[] =>
  loads
    .flatMap(({ heldUs, flows }) => [
      heldUs,
      ...flows.flatMap(({ startUs, opensUs, closesUs }) => [startUs, opensUs, closesUs]),
    ])
    .filter((atUs) => atUs > nowUs && Number.isFinite(atUs))
    .sort((a, b) => a - b)
    .slice(0, MAX_TURNS);

interface Moving {
  flow: Flow;
  left: number;
  gone: number;
  outlook: Outlook;
}

interface Lane {
  load: Load;
  supplies: Supply[];
  flows: Moving[];
}

class Run {
  readonly outlooks = new Map<string, Outlook>();
  readonly #lanes: Lane[];
  readonly #supplies = new Map<string, Supply>();
  readonly #answerUs: number;

  constructor(loads: readonly Load[], nowUs: number) {
    this.#answerUs = loads.reduce((sum, { answerUs }) => sum + answerUs, 0) / Math.max(1, loads.length);
    this.#lanes = loads.map((load) => ({
      load,
      supplies: load.limits.map((use) => this.#supply(use, nowUs)),
      flows: load.flows.map((flow) => this.#moving(flow, nowUs)),
    }));
  }

  #supply(use: LimitUse, nowUs: number): Supply {
    const key = `${use.limit.kind}:${use.limit.scope}:${use.limit.name}`;
    const known = this.#supplies.get(key) ?? new Supply(use, nowUs, this.#answerUs);
    this.#supplies.set(key, known);
    return known;
  }

  #moving(flow: Flow, nowUs: number): Moving {
    const outlook: Outlook = { finishUs: flow.left > 0 ? undefined : nowUs, stretches: [] };
    this.outlooks.set(flow.id, outlook);
    return { flow, left: flow.left, gone: 0, outlook };
  }

  done = (): boolean => this.#lanes.every(({ flows }) => flows.every(({ left }) => left <= 0));

  step(fromUs: number, toUs: number): void {
    for (const supply of this.#supplies.values()) supply.open(fromUs, toUs, this.#answerUs);
    const asks = this.#lanes.map((lane) => askOf(lane, fromUs, toUs));
    const grants = shareOut(this.#lanes, asks);
    for (const [i, lane] of this.#lanes.entries()) {
      const { count, binding } = grants[i] ?? { count: 0, binding: undefined };
      for (const supply of lane.supplies) supply.take(count, fromUs, toUs, lane.load.answerUs);
      move(lane, asks[i] ?? [], count, binding, fromUs, toUs);
    }
  }
}

/** How much of each flow may go by the end of a stretch. */
function askOf({ load, flows }: Lane, fromUs: number, toUs: number): number[] {
  return flows.map((moving) => {
    if (load.heldUs > fromUs || moving.left <= 0) return 0;
    return Math.max(0, Math.min(moving.left, dueBy(moving.flow, toUs, fromUs) - moving.gone));
  });
}

function dueBy(flow: Flow, atUs: number, fromUs: number): number {
  const { left, startUs, spreadUs, next, rows } = flow;
  if (fromUs < startUs || isQuiet(flow, fromUs)) return 0;
  if (spreadUs === 0 || rows === next) return left;
  const due = ((atUs - startUs) / spreadUs) * rows + 1 - next;
  return Math.max(0, Math.min(1, due / (rows - next))) * left;
}

interface Grant {
  count: number;
  binding: Supply | undefined;
}

/** All lanes rise together; one stops when it has what it asks for or one of its limits has no more room. */
function shareOut(lanes: readonly Lane[], asks: readonly number[][]): Grant[] {
  const [lane, ...others] = lanes;
  if (lane && others.length === 0) return [alone(lane, sumOf(asks[0] ?? []))];
  const grants = lanes.map((): Grant => ({ count: 0, binding: undefined }));
  const wants = asks.map(sumOf);
  const room = new Map<Supply, number>();
  for (const { supplies } of lanes) for (const supply of supplies) room.set(supply, supply.room);
  let rising = lanes.map((_, i) => i).filter((i) => (wants[i] ?? 0) > NOTHING);
  while (rising.length > 0) {
    const users = new Map<Supply, number>();
    for (const i of rising)
      for (const one of lanes[i]?.supplies ?? []) users.set(one, (users.get(one) ?? 0) + 1);
    let rise = Math.min(...rising.map((i) => (wants[i] ?? 0) - (grants[i]?.count ?? 0)));
    for (const [supply, count] of users) rise = Math.min(rise, (room.get(supply) ?? 0) / count);
    for (const [supply, count] of users) room.set(supply, (room.get(supply) ?? 0) - rise * count);
    rising = rising.filter((i) => {
      const grant = grants[i];
      if (!grant) return false;
      grant.count += rise;
      grant.binding = lanes[i]?.supplies.find((supply) => (room.get(supply) ?? 0) <= NOTHING);
      return grant.binding === undefined && (wants[i] ?? 0) - grant.count > NOTHING;
    });
  }
  return grants;
}

const sumOf = (counts: readonly number[]): number => {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
};

/** One lane shares with nobody: the same, without rising. */
function alone({ supplies }: Lane, want: number): Grant {
  let binding: Supply | undefined;
  let count = want;
  for (const supply of supplies) if (supply.room < count) [count, binding] = [supply.room, supply];
  return { count: Math.max(0, count), binding };
}

/** Gives a lane's calls to its flows: by priority, then to each the same. */
function move(
  { load, flows }: Lane,
  asks: readonly number[],
  count: number,
  binding: Supply | undefined,
  fromUs: number,
  toUs: number,
): void {
  let rest = count;
  for (const some of byPriority(flows)) {
    const gets = evenShares(
      some.map((i) => asks[i] ?? 0),
      rest,
    );
    for (const [place, i] of some.entries()) {
      const [one, got] = [flows[i], gets[place] ?? 0];
      rest -= got;
      const full = (asks[i] ?? 0) - got <= NOTHING;
      if (one) advance(one, got, full ? undefined : binding, load, fromUs, toUs);
    }
  }
}

/** Those that still have something to go, by place. */
function byPriority(flows: readonly Moving[]): number[][] {
  const groups: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < flows.length; i += 1) {
    const one = flows[i];
    if (one && one.left > 0) groups[one.flow.priority]?.push(i);
  }
  return groups.filter((group) => group.length > 0);
}

function advance(
  one: Moving,
  got: number,
  binding: Supply | undefined,
  load: Load,
  fromUs: number,
  toUs: number,
): void {
  if (one.left <= 0) return;
  one.gone += got;
  one.left -= got;
  const { endsUs } = one.flow;
  if (one.left <= NOTHING) {
    one.left = 0;
    one.outlook.finishUs = (fromUs + toUs) / 2 + load.answerUs;
  } else if (endsUs > 0 && endsUs <= toUs) {
    one.left = 0;
    one.outlook.finishUs = endsUs;
  }
  note(one, got, binding, fromUs, toUs);
}

function note(
  { flow, outlook }: Moving,
  got: number,
  binding: Supply | undefined,
  fromUs: number,
  toUs: number,
): void {
  const limit = binding?.name ?? reasonOf(flow, fromUs);
  const scope = binding?.scope ?? '';
  const last = outlook.stretches.at(-1);
  if (last && last.limit === limit && last.scope === scope) {
    last.toUs = toUs;
    last.count += got;
  } else outlook.stretches.push({ fromUs, toUs, count: got, limit, scope });
}

function reasonOf(flow: Flow, atUs: number): string | undefined {
  const { startUs, spreadUs } = flow;
  if (atUs < startUs) return 'scheduled';
  if (isQuiet(flow, atUs)) return 'quiet_hours';
  return spreadUs > 0 && atUs < startUs + spreadUs ? 'spread' : undefined;
}

/** Before it opens, and outside of the same hours of every day after. */
const isQuiet = ({ opensUs, closesUs }: Flow, atUs: number): boolean =>
  closesUs > 0 && (atUs < opensUs || (atUs - opensUs) % DAY_US >= closesUs - opensUs);
