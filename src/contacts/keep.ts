// Keeps what Redis knows of people where it cannot lose it, and brings it back. What is kept is how a person stands after a change, not the
// change: a repeat keeps the same, and of two changes at once the last to keep has looked after both. Should one of them die before it has looked
// again, what it had seen may stand last in the log; Redis says with each look which one is newer.
import type { Clock } from '../base/clock.ts';
import type { Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import type { AliasState, ContactState, SuppressionState } from '../contract/state.ts';
import { type Owner, peopleKeys } from './keys.ts';

export type PeopleState = SuppressionState | AliasState;

/** Resolves when the log has it. */
export type KeepPeople = (records: readonly (PeopleState | ContactState)[]) => Promise<void>;

const standingScript = loadScript(import.meta.dirname, 'lua/how-people-stand.lua');

/** People in one look. */
const BATCH = 500;
/** Others may change the same people at the same time. */
const LOOKS_MAX = 20;

export interface KeepOptions {
  redis: Redis;
  namespace: string;
  clock: Clock;
  /** Undefined: Redis is the log, and knows all there is. */
  kept?: KeepPeople | undefined;
}

/** Resolves when the log says how these people stand. */
export async function keepSuppressions(
  options: KeepOptions,
  owner: Owner,
  people: readonly string[],
): Promise<void> {
  if (!options.kept) return;
  for (let i = 0; i < people.length; i += BATCH)
    await keepSome(options, options.kept, owner, people.slice(i, i + BATCH));
}

const keepSome = (options: KeepOptions, kept: KeepPeople, owner: Owner, people: readonly string[]) =>
  keepStill(
    kept,
    () => standing(options, owner, people),
    (one) => one.person,
    (one) => `${one.started} ${one.stored}`,
  );

/** Keeps what `look` finds, until it finds what was kept. */
export async function keepStill<One extends SuppressionState | ContactState>(
  kept: KeepPeople,
  look: () => Promise<One[]>,
  nameOf: (one: One) => string,
  wordOf: (one: One) => string,
): Promise<void> {
  let told = new Map<string, string>();
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    const now = await look();
    const changed = now.filter((one) => told.get(nameOf(one)) !== wordOf(one));
    if (changed.length === 0) return;
    await kept(changed);
    told = new Map(now.map((one) => [nameOf(one), wordOf(one)]));
  }
  throw new Error('what was kept kept changing');
}

async function standing(
  { redis, namespace, clock }: KeepOptions,
  { workspace, environment }: Owner,
  people: readonly string[],
): Promise<SuppressionState[]> {
  const keys = peopleKeys(namespace, { workspace, environment });
  const [seq, texts, starts] = await redis.run<[string, (string | null)[], (string | null)[]]>(
    standingScript,
    [keys.suppressed, keys.started],
    [...people],
  );
  const at = clock.now();
  return people.map((person, i) => ({
    v: 1,
    type: 'suppression',
    workspace,
    environment,
    person,
    at,
    seq: Number(seq),
    stored: texts[i] ?? null,
    started: starts[i] == null ? null : Number(starts[i]),
  }));
}
