// What the API answers beside jobs and items: senders, portfolios, limits and plans, lists of each. Shapes only; the routes fill them.
import { z } from 'zod';
import { environmentSchema } from './environment.ts';
import { itemSchema, jobSchema } from './job.ts';
import { planSchema as requestPlanSchema } from './plan.ts';
import { isoOut } from './time.ts';

const whole = z.int().min(0);
const text = z.string();
const hold = jobSchema.shape.hold;

/** One page of a list. */
export const pageOf = <One extends z.ZodType>(one: One) =>
  z.object({ data: z.array(one), has_more: z.boolean(), next_cursor: text.nullable() });

/** A row that never became an item, as the answer of a bulk request and `/rejected` name it. */
const rejectedSchema = z
  .object({
    index: whole,
    code: text,
    message: text,
    line: whole.exactOptional().meta({ description: 'Of an upload.' }),
  })
  .meta({ id: 'Rejected', description: 'A row that cannot be sent, and why.' });
const duplicateSchema = z
  .object({ index: whole, of: whole })
  .meta({ id: 'Duplicate', description: 'A row that repeats the number of row `of`: it is sent once.' });

export const acceptedSchema = z
  .object({
    job: jobSchema,
    rejected: z.array(rejectedSchema).max(100),
    duplicates: z.array(duplicateSchema).max(100),
  })
  .meta({ id: 'Accepted', description: 'The job, and the first hundred rows that are not in it.' });

export const leftOutSchema = z
  .object({ index: whole, code: text, message: text, of: whole.nullable(), line: whole.nullable() })
  .meta({
    id: 'LeftOut',
    description:
      'A row that never became an item. `of`: the row that it repeats; `line`: where it stands in an upload.',
  });

export const jobsSchema = pageOf(jobSchema).meta({ id: 'Jobs' });
export const itemsSchema = pageOf(itemSchema).meta({ id: 'Items' });
export const controlledSchema = z.object({ job: jobSchema }).meta({ id: 'Controlled' });
export const canceledSchema = z
  .object({ job: jobSchema, left: whole.meta({ description: 'Messages that had already left.' }) })
  .meta({ id: 'Canceled' });
export const retriedSchema = z
  .object({
    job: jobSchema,
    retried: whole,
    remaining: whole.meta({ description: 'More than one call takes: call again.' }),
    unreadable: whole.meta({ description: 'Nothing is left of them that could be sent.' }),
  })
  .meta({ id: 'Retried' });
export const manyControlledSchema = z
  .object({
    matched: whole,
    changed: whole,
    left: whole,
    has_more: z.boolean().meta({ description: 'The filter fits others that were not looked at.' }),
  })
  .meta({ id: 'ManyControlled' });

const limitView = z
  .object({ name: text, count: whole, per: text, pace: z.enum(['even', 'burst']) })
  .meta({ id: 'Limit', description: 'At most `count` messages in any rolling period `per`.' });

export const senderViewSchema = z
  .object({
    id: text,
    platform: text,
    environment: environmentSchema,
    portfolio: text.nullable(),
    external_id: text,
    throughput: whole,
    arrival_bound: text.nullable(),
    limits: z.array(limitView),
    paused: z.boolean(),
    disabled: z.boolean(),
  })
  .meta({ id: 'ListedSender' });
export const oneSenderSchema = z
  .object({ ...senderViewSchema.shape, hold })
  .meta({ id: 'Sender', description: 'One number or channel at a platform. Secrets never come back out.' });

export const limitUsesSchema = z
  .object({
    data: z.array(
      z
        .object({
          name: text,
          scope: text,
          kind: z.enum(['rolling', 'concurrency', 'unique', 'pair']),
          count: whole,
          per: text.nullable(),
          used: whole,
          free: whole.nullable(),
          next_free: isoOut.nullable(),
          cap: whole.nullable(),
        })
        .meta({
          id: 'LimitUse',
          description: 'A limit as it is used now. `cap`: what the platform allows for now.',
        }),
    ),
  })
  .meta({ id: 'LimitUses' });

export const keyLimitsSchema = z
  .object({
    plan: requestPlanSchema,
    data: limitUsesSchema.shape.data,
  })
  .meta({ id: 'KeyLimits', description: 'Windows of requests of the key, and their use.' });

export const portfolioViewSchema = z
  .object({
    id: text,
    environment: environmentSchema,
    messaging_limit: z.union([z.int().min(1), z.literal('unlimited')]),
    limits: z.array(limitView),
    senders: z.array(text),
  })
  .meta({ id: 'Portfolio', description: 'What its senders share.' });
export const portfoliosSchema = pageOf(portfolioViewSchema).meta({ id: 'Portfolios' });

const forecast = {
  timeline: z.array(
    z.object({
      start: isoOut,
      end: isoOut,
      count: whole,
      limit: text.nullable(),
      scope: text.nullable(),
      message: text.nullable(),
    }),
  ),
  finish_at: isoOut.nullable(),
  p90: isoOut.nullable(),
  expired: whole,
};
export const planSchema = z
  .object({
    sender: text,
    total: whole,
    rejected_count: whole,
    duplicate_count: whole,
    suppressed_count: whole,
    rejected: z.array(rejectedSchema),
    duplicates: z.array(duplicateSchema),
    ...forecast,
    what_if: z.object({ sender: text, ...forecast }).nullable(),
  })
  .meta({ id: 'Plan', description: 'What would become of a bulk request.' });

const orNull = isoOut.nullable();
const keyView = {
  id: text,
  name: text,
  environment: environmentSchema,
  scopes: z.array(text),
  created_at: orNull,
  expires_at: orNull,
  from_file: z.boolean().meta({ description: 'It stands in the accounts file.' }),
  revoked: z.boolean(),
};
const shown = { secret: text.meta({ description: 'Shown only now.' }) };
const inWorkspace = { workspace: text };
export const keySchema = z.object(keyView).meta({ id: 'Key', description: 'An API key without its secret.' });
export const newKeyViewSchema = z.object({ ...keyView, ...shown }).meta({ id: 'NewKey' });
export const adminKeySchema = z.object({ ...inWorkspace, ...keyView }).meta({ id: 'AdminKey' });
export const adminNewKeySchema = z
  .object({ ...inWorkspace, ...keyView, ...shown })
  .meta({ id: 'AdminNewKey' });
export const adminWorkspaceSchema = z
  .object({ id: text, plan: requestPlanSchema, disabled: z.boolean(), stopped: z.boolean() })
  .meta({ id: 'Workspace' });
export const adminPortfolioSchema = z
  .object({ ...inWorkspace, ...portfolioViewSchema.shape, disabled: z.boolean() })
  .meta({ id: 'AdminPortfolio' });
export const adminSenderSchema = z
  .object({ ...inWorkspace, ...senderViewSchema.shape })
  .meta({ id: 'AdminSender' });
export const stoppedSchema = z
  .object({ workspace: text.nullable(), stopped: z.boolean() })
  .meta({ id: 'Stopped', description: 'Null: everything.' });
export const auditEntrySchema = z
  .object({
    id: text,
    at: isoOut,
    actor: text.meta({ description: 'Id of the API key, or `admin`.' }),
    action: text,
    workspace: text,
    subject: text,
    changes: z.record(text, z.unknown()),
  })
  .meta({ id: 'AuditEntry', description: 'Who changed what. Never a secret.' });
