// A seed → what is done to whom, and when. Pure: the same seed does the same.
import { seededRandom } from '../../support/dice.ts';

export type Target = 'api' | 'intake' | 'dispatch' | 'receipts' | 'notify' | 'upkeep' | 'redis' | 'kafka';
export type Kind = 'kill' | 'freeze' | 'restart' | 'part' | 'mute';

export interface Fault {
  /** After the start of the course. */
  atMs: number;
  kind: Kind;
  target: Target;
  /** Which of several. */
  which: number;
  /** How long it is frozen or parted. */
  forMs: number;
}

export interface ScheduleOptions {
  seed: number;
  faults: number;
  overMs: number;
  kafka: boolean;
}

/** Kafka is touched so often at most, and never twice within this. */
const KAFKA_MAX = 10;
const KAFKA_APART_MS = 60_000;
/** A freeze outlasts the lease of a turn (3 s); shorter ones are tried as well. */
const FREEZE_MS = [500, 6_000] as const;
const PART_MS = [300, 3_000] as const;

const WEIGHTS: [Target, Kind, number][] = [
  ['api', 'kill', 3],
  ['api', 'restart', 1],
  ['intake', 'kill', 3],
  ['intake', 'freeze', 1],
  ['dispatch', 'kill', 5],
  ['dispatch', 'freeze', 3],
  ['dispatch', 'restart', 1],
  ['receipts', 'kill', 2],
  ['notify', 'kill', 2],
  ['upkeep', 'kill', 2],
  ['redis', 'kill', 1],
  ['redis', 'freeze', 1],
  ['redis', 'part', 1],
  ['kafka', 'part', 1],
  ['kafka', 'mute', 1],
];

export function scheduleOf({ seed, faults, overMs, kafka }: ScheduleOptions): Fault[] {
  const random = seededRandom(seed);
  const between = ([low, high]: readonly [number, number]): number =>
    Math.round(low + random() * (high - low));
  const schedule: Fault[] = [];
  let kafkaAt = Number.NEGATIVE_INFINITY;
  let kafkaCount = 0;
  for (let i = 0; i < faults; i += 1) {
    const atMs = Math.round(((i + random()) / faults) * overMs);
    const free = kafka && kafkaCount < KAFKA_MAX && atMs - kafkaAt >= KAFKA_APART_MS;
    const choice = WEIGHTS.filter(([target]) => target !== 'kafka' || free);
    const [target, kind] = pick(choice, random());
    if (target === 'kafka') {
      kafkaAt = atMs;
      kafkaCount += 1;
    }
    const forMs = between(kind === 'freeze' ? FREEZE_MS : PART_MS);
    schedule.push({ atMs, kind, target, which: Math.floor(random() * 2), forMs });
  }
  return schedule;
}

/** One of them, to be done at once. */
export const strike = (target: Target, kind: Kind, over: Partial<Fault> = {}): Fault => ({
  atMs: 0,
  kind,
  target,
  which: 0,
  forMs: 0,
  ...over,
});

function pick(choice: typeof WEIGHTS, chance: number): [Target, Kind] {
  const all = choice.reduce((sum, [, , weight]) => sum + weight, 0);
  let left = chance * all;
  for (const [target, kind, weight] of choice) {
    left -= weight;
    if (left < 0) return [target, kind];
  }
  return ['dispatch', 'kill'];
}
