// A limit is data: a rule with a name, a scope and numbers. Pacing reads it at the moment of use.
import { z } from 'zod';
import { durationSchema } from './time.ts';

/** A named limit on what is sent, as it stands in the accounts file. `per` becomes milliseconds. */
export const namedLimitSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]{0,31}$/, 'must be 1..32 of a-z, 0-9 and _, starting with a letter'),
  count: z.int().min(1).max(10_000_000),
  per: durationSchema,
  pace: z.enum(['even', 'burst']).default('even'),
});

export type NamedLimit = z.output<typeof namedLimitSchema>;

/** `rolling`: count places per window, each free again `perMs` after its call's answer. `concurrency`: calls in flight. */
export type Limit =
  | { kind: 'rolling'; name: string; scope: string; count: number; perMs: number; pace: 'even' | 'burst' }
  | { kind: 'concurrency'; name: string; scope: string; count: number };
