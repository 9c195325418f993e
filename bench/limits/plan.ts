// What is measured: which limits, at which latencies, with how many dispatch processes, under what conditions. Data only.

export interface Window {
  count: number;
  perMs: number;
}

/** A limit as the accounts file says it, and as the receiver counts it. */
export interface LimitCase {
  name: string;
  settings: Record<string, unknown>;
  /** The receiver's rolling windows; the first is the one that binds a saturated lane. */
  windows: readonly [Window, ...Window[]];
}

/** One sender: a limit, at a latency, perhaps with an arrival bound. */
export interface LaneCase {
  limit: LimitCase;
  latencyMs: number;
  boundMs: number | undefined;
  /** Lanes of the same slot run side by side; slots follow one another. Undefined: beside all slots. */
  slot: number | undefined;
}

const CONDITIONS = ['saturated', 'idle gaps', 'busy cores', 'killed', 'frozen'] as const;
export type Condition = (typeof CONDITIONS)[number];

export interface Course {
  processes: number;
  condition: Condition;
  lanes: readonly LaneCase[];
  /** How long a slot is saturated, and how long the lanes beside the slots are. */
  slotMs: number;
  besideMs: number;
}

const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;

const perSecond = (count: number): LimitCase => ({
  name: `${count.toLocaleString('en-US')}/s`,
  settings: { throughput: count },
  windows: [{ count, perMs: SECOND_MS }],
});
const perMinute = (pace: 'burst' | 'even'): LimitCase => ({
  name: `100/min + 10/s, ${pace}`,
  settings: { throughput: 10, limits: [{ name: 'minute', count: 100, per: '60s', pace }] },
  windows: [
    { count: 100, perMs: MINUTE_MS },
    { count: 10, perMs: SECOND_MS },
  ],
});

export const EIGHTY = perSecond(80);
export const THOUSAND = perSecond(1_000);
export const MINUTE_BURST = perMinute('burst');
export const MINUTE_EVEN = perMinute('even');
const LATENCIES_MS = [5, 100, 300] as const;
/**
 * A bound that holds between two processes of one machine whose cores are not both busy: the receiver reads a request this long after its
 * write at the latest. 97 % of a limit per second leaves 30 ms for it and for everything else.
 */
const BOUND_MS = 25;
const BOUND_LATENCIES_MS = [100, 300] as const;

/** Every limit at every latency; those of 1,000/s one after the other, because together they would fill the machine. */
function allLanes(condition: Condition): LaneCase[] {
  const lanes: LaneCase[] = [];
  const add = (limit: LimitCase, latencyMs: number, boundMs?: number): void => {
    const slot = limit === THOUSAND ? lanes.filter((lane) => lane.limit === THOUSAND).length : undefined;
    lanes.push({ limit, latencyMs, boundMs, slot });
  };
  for (const limit of [EIGHTY, THOUSAND, MINUTE_BURST, MINUTE_EVEN])
    for (const latencyMs of LATENCIES_MS) add(limit, latencyMs);
  // A bound on the network is a promise about the receiver, which nobody can give while its cores are taken.
  if (condition !== 'busy cores')
    for (const limit of [EIGHTY, THOUSAND])
      for (const latencyMs of BOUND_LATENCIES_MS) add(limit, latencyMs, BOUND_MS);
  return lanes;
}

/** A stretch of the minute must be longer than the minute, or its second round is not seen. */
const BESIDE_MS = 63_000;
const SLOT_MS = 9_000;

const courseOf = (processes: number, condition: Condition): Course => ({
  processes,
  condition,
  lanes: allLanes(condition),
  slotMs: SLOT_MS,
  besideMs: BESIDE_MS,
});

/** What a run without `--full` shows: every condition once. */
export const shortPlan = (): Course[] => CONDITIONS.map((condition) => courseOf(2, condition));
export const fullPlan = (): Course[] =>
  [1, 2, 4].flatMap((processes) => CONDITIONS.map((condition) => courseOf(processes, condition)));
