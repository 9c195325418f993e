// What a client may do to a job that it has posted: pause, resume, cancel, change. Strict, as every request.
import { z } from 'zod';
import { JOB_KINDS, JOB_STATUSES, PRIORITIES } from './job.ts';
import { durationSchema, timestampSchema } from './time.ts';

export const CONTROL_ACTIONS = ['pause', 'resume', 'cancel'] as const;
export type ControlAction = (typeof CONTROL_ACTIONS)[number];

/** `PATCH /v1/jobs/:id`. null takes the field away. */
export const jobPatchSchema = z
  .strictObject({
    send_at: timestampSchema.nullable().optional(),
    spread: durationSchema.nullable().optional(),
    priority: z.enum(PRIORITIES).optional(),
  })
  .refine((patch) => Object.values(patch).some((value) => value !== undefined), 'must change something');
export type JobPatch = z.output<typeof jobPatchSchema>;

/** `POST /v1/jobs/:id/retry`; the body may be left out. */
export const jobRetrySchema = z.strictObject({
  include: z
    .array(z.enum(['failed', 'unknown']))
    .min(1)
    .max(2)
    .default(['failed']),
});
export type JobRetry = z.output<typeof jobRetrySchema>;

/** `POST /v1/jobs/control`. A filter without a field would mean every job, which nobody should say by leaving something out. */
export const jobsControlSchema = z.strictObject({
  action: z.enum(CONTROL_ACTIONS),
  filter: z
    .strictObject({
      sender: z.string().min(1).max(64).optional(),
      status: z.enum(JOB_STATUSES).optional(),
      kind: z.enum(JOB_KINDS).optional(),
      created_after: timestampSchema.optional(),
    })
    .refine((filter) => Object.values(filter).some((value) => value !== undefined), 'must name something'),
});
export type JobsControl = z.output<typeof jobsControlSchema>;
