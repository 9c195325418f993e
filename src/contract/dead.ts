// A record of the log that could not be read, as who looks after the installation sees it.
import { z } from 'zod';

/** `value` only where one record is asked for: it may hold what a message says and to whom. */
export const deadLetterSchema = z
  .object({
    position: z.string(),
    at: z.string(),
    topic: z.string(),
    key: z.string(),
    reason: z.string(),
    bytes: z.int(),
    headers: z.record(z.string(), z.string()),
    replayable: z.boolean(),
  })
  .meta({ id: 'DeadLetter' });
export type DeadLetter = z.output<typeof deadLetterSchema>;
