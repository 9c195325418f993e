// The accounts file: workspaces with their API keys, portfolios, senders and webhooks. Strict: an unknown field is a mistake, said with its path.
import { z } from 'zod';
import { environmentSchema } from './environment.ts';
import { eventFiltersSchema } from './event.ts';
import { namedLimitSchema } from './limit.ts';
import { optOutSchema } from './opt-out.ts';
import { planSchema } from './plan.ts';
import { durationSchema, timestampSchema } from './time.ts';

const id = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'must be 1..64 of A-Z, a-z, 0-9, "_", "." and "-"');
const environment = environmentSchema.default('live');
const namedLimits = z.array(namedLimitSchema).max(16);
const limits = namedLimits.default([]);
const messagingLimit = z.union([z.int().min(1), z.literal('unlimited')], {
  error: 'must be a whole number from 1 on, or "unlimited"',
});
const changes = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape).refine((patch) => Object.keys(patch).length > 0, 'must change something');

/** What a key may be allowed to do. */
export const SCOPES = [
  'messages:write',
  'jobs:read',
  'jobs:write',
  'contacts:read',
  'contacts:write',
  'senders:read',
  'senders:write',
  'templates:read',
  'templates:write',
  'media:write',
  'webhooks:admin',
  'keys:admin',
] as const;
export type Scope = (typeof SCOPES)[number];
/** What a route asks of its caller: a scope, `any` API key, or the operator's own key. */
export type RouteScope = Scope | 'any' | 'admin';

/** Names of the first release, which stand in accounts files. */
const FORMER_SCOPES: Record<string, Scope> = {
  'send:write': 'messages:write',
  'job:read': 'jobs:read',
  'job:write': 'jobs:write',
  'sender:read': 'senders:read',
  'sender:write': 'senders:write',
};
const formerScope = (scope: unknown): unknown =>
  typeof scope === 'string' && Object.hasOwn(FORMER_SCOPES, scope) ? FORMER_SCOPES[scope] : scope;

const scopes = z
  .array(z.preprocess(formerScope, z.enum(['*', ...SCOPES])))
  .min(1)
  .max(32);

const apiKeySchema = z.strictObject({
  id,
  secret: z.string().min(32).max(255),
  environment,
  scopes: scopes.default(['*']),
  expires_at: timestampSchema.optional(),
});

const keyName = z.string().max(100);
const expiry = timestampSchema.nullable();

/** A key that is asked for by the API. */
export const newKeySchema = z.strictObject({
  name: keyName.default(''),
  environment: environmentSchema.optional(),
  scopes: scopes.default(['*']),
  expires_at: expiry.default(null),
});

/** What is known of a key, whether it came from the file or by the API. */
export const keyAccountSchema = z.object({
  id: z.string(),
  name: z.string().default(''),
  environment,
  scopes: scopes.default(['*']),
  expires_at: z.union([z.number(), timestampSchema]).nullable().default(null),
  created_at: z.number().nullable().default(null),
});

/** How long the key that is rotated goes on working beside the new one. */
export const rotationSchema = z.strictObject({ overlap: durationSchema.default(86_400_000) });

export const portfolioSchema = z.strictObject({
  id,
  environment,
  messaging_limit: messagingLimit.default('unlimited'),
  limits,
});

export const senderSchema = z.strictObject({
  id,
  environment,
  platform: z.enum(['meta']),
  portfolio: id.optional(),
  external_id: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[A-Za-z0-9_-]+$/, 'must be letters, digits, "_" or "-"'),
  /** The account that its templates belong to; at Meta the WhatsApp Business Account. */
  account_id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1..64 letters, digits, "_" or "-"')
    .optional(),
  base_url: z.url({ protocol: /^https?$/ }).default('https://graph.facebook.com'),
  access_token: z.string().min(1).max(4096),
  app_secret: z.string().min(1).max(255).optional(),
  verify_token: z.string().min(1).max(255).optional(),
  throughput: z.int().min(1).max(100_000).default(80),
  arrival_bound: durationSchema.optional(),
  limits,
  /** Nothing of it is sent until it is resumed. */
  paused: z.boolean().default(false),
});

/** What `PATCH /v1/senders/:id` may change. */
export const senderPatchSchema = changes({
  throughput: senderSchema.shape.throughput.unwrap().optional(),
  limits: namedLimits.optional(),
  paused: z.boolean().optional(),
});

/** What `PATCH /v1/portfolios/:id` may change. */
export const portfolioPatchSchema = changes({
  messaging_limit: messagingLimit.optional(),
  limits: namedLimits.optional(),
});

/** What a plan may assume beside what is. */
export const whatIfSchema = changes({
  throughput: senderSchema.shape.throughput.unwrap().optional(),
  messaging_limit: messagingLimit.optional(),
  sender: z.string().min(1).max(64).optional(),
});
export type WhatIf = z.output<typeof whatIfSchema>;

const webhookSchema = z.strictObject({
  url: z.url(),
  events: eventFiltersSchema,
  secret: z.string().min(1).max(255),
  environment,
  /** Addresses of this machine and its network are let through, and http. */
  allow_private: z.boolean().default(false),
});

/** What is known of an endpoint, whether it came from the file or by the API. Tolerant: another release may have written it. */
export const storedWebhookSchema = z.object({
  url: z.string(),
  events: z.array(z.string()),
  environment,
  allow_private: z.boolean().default(false),
  description: z.string().default(''),
  enabled: z.boolean().default(true),
  /** Why it was disabled, and when (unix ms), if by us. */
  disabled_reason: z.enum(['gone', 'failing', 'backlog']).nullable().default(null),
  disabled_at: z.number().nullable().default(null),
  created_at: z.number().nullable().default(null),
  secret: z.string(),
  /** Signs as well until `previous_until` (unix ms). */
  previous_secret: z.string().optional(),
  previous_until: z.number().default(0),
});
export type WebhookAccount = z.output<typeof storedWebhookSchema>;

/** A workspace without what belongs to it. */
export const workspaceSchema = z.strictObject({
  id,
  plan: planSchema.default('free'),
  opt_out: optOutSchema.prefault({}),
});

const workspaceWithAll = workspaceSchema.extend({
  api_keys: z.array(apiKeySchema).max(1_000).default([]),
  portfolios: z.array(portfolioSchema).max(10_000).default([]),
  senders: z.array(senderSchema).max(100_000).default([]),
  webhooks: z.array(webhookSchema).max(1_000).default([]),
});

export const accountsFileSchema = z.strictObject({
  workspaces: z.array(workspaceWithAll).min(1).max(100_000),
});

export type PortfolioAccount = z.output<typeof portfolioSchema>;
export type SenderAccount = z.output<typeof senderSchema>;
export type KeyAccount = z.output<typeof keyAccountSchema>;
export type WorkspaceAccount = z.output<typeof workspaceSchema>;

/** What the operator makes and changes. */
const inWorkspace = { workspace: id };
const disabled = z.boolean().optional();
export const keyOfSchema = newKeySchema.extend({ ...inWorkspace, environment });
export const portfolioOfSchema = portfolioSchema.extend(inWorkspace);
export const senderOfSchema = senderSchema.extend(inWorkspace);
export const workspacePatchSchema = changes({ plan: planSchema.optional(), disabled });
export const keyPatchSchema = changes({
  name: keyName.optional(),
  scopes: scopes.optional(),
  expires_at: expiry.optional(),
  disabled,
});
export const portfolioOfPatchSchema = changes({
  messaging_limit: messagingLimit.optional(),
  limits: namedLimits.optional(),
  disabled,
});
export const senderOfPatchSchema = changes({
  throughput: senderSchema.shape.throughput.unwrap().optional(),
  limits: namedLimits.optional(),
  paused: z.boolean().optional(),
  arrival_bound: durationSchema.optional(),
  access_token: senderSchema.shape.access_token.optional(),
  app_secret: senderSchema.shape.app_secret.nullable(),
  verify_token: senderSchema.shape.verify_token.nullable(),
  disabled,
});
/** Fields of a sender that are kept encrypted. */
export const SENDER_SECRETS: readonly string[] = ['access_token', 'app_secret', 'verify_token'];
/** Without a workspace: everything. */
export const stopSchema = z.strictObject({ workspace: id.optional() });
