// The records of the `state` topic: the last word on each thing that Redis alone would know. The topic is compacted by key. Versioned and
// tolerant, as those of `jobs`.
import { z } from 'zod';

export const stateRecordSchema = z.discriminatedUnion('type', [
  /** An account as a live change left it, its secrets encrypted; null: taken away. */
  z.object({
    v: z.literal(1),
    type: z.literal('account'),
    kind: z.string(),
    id: z.string(),
    stored: z.record(z.string(), z.unknown()).nullable(),
  }),
]);
export type StateRecord = z.output<typeof stateRecordSchema>;
