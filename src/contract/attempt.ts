// The records of the `attempts` topic: which calls were started, and what became of them. Versioned and tolerant, as those of `jobs`.
import { z } from 'zod';

const count = z.int().min(0);
/** Unix milliseconds. */
const at = z.number().min(0);

/** Calls of one take. Written before the first byte of any of them leaves. */
const startedSchema = z.object({
  type: z.literal('started'),
  sender: z.string(),
  /** Rises with every take of the home that started something. */
  seq: count,
  at,
  /** Rows of one job with the same try: "job:first:last:try". */
  runs: z.array(z.string()),
  /** Per run: 16 letters for each row whose person a unique limit counts from now on, '' when it counts none of the run. */
  persons: z.array(z.string()).optional(),
});

/**
 * What became of one call. `q`: it goes back to its lane, is due again at `due` and waits under the letter `why`; `written`: a byte of it may
 * have left; `counts`: as an attempt, of which there are `most` (0: any number). The limits count it until `ended`.
 */
const itemSchema = z.object({
  i: count,
  try: count,
  to: z.enum(['a', 'f', 'u', 'q']),
  ended: at,
  /** The platform's id of the message. */
  id: z.string().optional(),
  code: z.string().optional(),
  message: z.string().optional(),
  written: z.boolean().optional(),
  counts: z.boolean().optional(),
  most: count.optional(),
  due: at.optional(),
  why: z.string().optional(),
  person: z.string().optional(),
});
export type SettledItem = z.output<typeof itemSchema>;

const settledSchema = z.object({
  type: z.literal('settled'),
  sender: z.string(),
  jobs: z.array(z.object({ job: z.string(), items: z.array(itemSchema) })),
});

export const attemptsRecordSchema = z.object({
  v: z.literal(1),
  type: z.literal('attempts'),
  home: z.string(),
  entries: z.array(z.discriminatedUnion('type', [startedSchema, settledSchema])),
});
export type AttemptsRecord = z.output<typeof attemptsRecordSchema>;
export type StartedEntry = z.output<typeof startedSchema>;
export type SettledEntry = z.output<typeof settledSchema>;
