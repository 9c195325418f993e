// A limit is data: a rule with a name, a scope and numbers. Pacing reads it at the moment of use.
import { z } from 'zod';
import { HOLD_REASONS, LIMIT_NAMES } from './hold.ts';
import { durationSchema } from './time.ts';

/** A hold says what binds by one name: a limit must not have the name of something else. */
const TAKEN_NAMES: ReadonlySet<string> = new Set([...HOLD_REASONS, ...LIMIT_NAMES]);

/** A named limit on what is sent, as it stands in the accounts file. `per` becomes milliseconds. */
export const namedLimitSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,31}$/, 'must be 1..32 of a-z, 0-9 and _, starting with a letter')
    .refine(
      (name) => !TAKEN_NAMES.has(name),
      'is what a hold of another kind is called: choose another name',
    ),
  count: z.int().min(1).max(10_000_000),
  per: durationSchema,
  pace: z.enum(['even', 'burst']).default('even'),
});

export type NamedLimit = z.output<typeof namedLimitSchema>;

/** `count` places per window, each free again `perMs` after its call's end. */
export interface RollingLimit {
  kind: 'rolling';
  name: string;
  scope: string;
  count: number;
  perMs: number;
  pace: 'even' | 'burst';
  /** The platform's refusals lower it for a while, and probes raise it again. */
  adaptive?: true;
}

/** Calls in flight. */
export interface ConcurrencyLimit {
  kind: 'concurrency';
  name: string;
  scope: string;
  count: number;
}

/** Different people per window, each counted from the last call to them. */
export interface UniqueLimit {
  kind: 'unique';
  name: string;
  scope: string;
  count: number;
  perMs: number;
}

/** One call per person and window. */
export interface PairLimit {
  kind: 'pair';
  name: string;
  scope: string;
  perMs: number;
}

export type Limit = RollingLimit | ConcurrencyLimit | UniqueLimit | PairLimit;

/** A rolling limit of more places than this is kept in buckets. */
const EXACT_MAX_PLACES = 2_000;
/** Buckets of one period. */
const MAX_BUCKETS = 1_440;

/** Length (µs) of the buckets that a rolling limit is kept in; undefined: each of its places is kept exactly. */
export const bucketUsOf = ({ count, perMs }: RollingLimit): number | undefined =>
  count > EXACT_MAX_PLACES ? Math.ceil((perMs * 1_000) / MAX_BUCKETS) : undefined;
