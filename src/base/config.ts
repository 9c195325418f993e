// The environment, checked once at start: every problem is listed with its variable before anything listens.

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { durationSchema } from '../contract/time.ts';

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const SECRET_FILE = '.sluice/secret';
const SECRET_MIN_BYTES = 32;

const port = z.coerce.number().int().min(0).max(65_535);
const brokers = z
  .string()
  .transform((text) => text.split(',').map((broker) => broker.trim()))
  .pipe(
    z.array(z.string().regex(/^[^\s:]+:\d{1,5}$/, 'must be host:port, several separated by commas')).min(1),
  );
const hosts = z
  .string()
  .transform((text) => text.split(',').map((host) => host.trim().toLowerCase()))
  .pipe(
    z.array(z.string().regex(/^[a-z0-9.:[\]-]{1,253}$/, 'must be host names, several separated by commas')),
  );
const secrets = z
  .string()
  .transform((text) => text.split(',').map((one) => one.trim()))
  .pipe(
    z.array(
      z
        .string()
        .refine(
          (one) => Buffer.from(one, 'base64').length >= SECRET_MIN_BYTES,
          `must be at least ${SECRET_MIN_BYTES} bytes, base64`,
        ),
    ),
  );

const environmentSchema = z.object({
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, 'must start with redis:// or rediss://')
    .default('redis://127.0.0.1:6379'),
  KAFKA_BROKERS: brokers.optional(),
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: port.default(8080),
  PORT_SHARED: z.enum(['true', 'false']).default('false'),
  SLUICE_ACCOUNTS: z.string().min(1).default('./accounts.json'),
  STAGING_HOSTS: hosts.optional(),
  SLUICE_SECRET: secrets.optional(),
  SLUICE_NAMESPACE: z
    .string()
    .regex(/^[a-zA-Z0-9_-]{1,48}$/, 'must be 1..48 letters, digits, "_" or "-"')
    .default('sluice'),
  SLUICE_ADMIN_KEY: z.string().min(1).optional(),
  SLUICE_ON_MEMORY_LOSS: z.enum(['stop', 'rebuild']).default('stop'),
  LOG_LEVEL: z.enum(LEVELS).default('info'),
  HEALTH_PORT: port.optional(),
  DISPATCH_LANES: z.coerce.number().int().min(1).max(100_000).default(20_000),
  BACKLOG_WORKSPACE_MAX: z.coerce.number().int().min(1).default(20_000_000),
  BACKLOG_TOTAL_MAX: z.coerce.number().int().min(1).default(50_000_000),
  RESEND_AFTER: durationSchema.default(600_000),
  WEBHOOK_RETRY: durationSchema.default(5_000),
  WEBHOOK_TIMEOUT: durationSchema.default(15_000),
  WEBHOOK_DISABLE_AFTER: durationSchema.default(5 * 86_400_000),
  MEDIA_FOLDER: z.string().min(1).default('.sluice/media'),
  MEDIA_MAX_BYTES: z.coerce
    .number()
    .int()
    .min(1)
    .default(2 * 1024 ** 3),
  DISPATCH_CALLS: z.coerce.number().int().min(1).max(4_096).default(1_024),
});

export interface Config {
  redisUrl: string;
  /** Unset: the log lives in Redis Streams. */
  kafkaBrokers: string[] | undefined;
  host: string;
  port: number;
  /** Whether other API processes may listen on the same port beside this one. */
  portShared: boolean;
  accountsFile: string;
  /** What senders of `staging` may reach; empty: what those of `test` may. */
  stagingHosts: string[];
  secrets: string[];
  namespace: string;
  /** Who presents it may use `/v1/admin/*`; unset: nobody may. */
  adminKey: string | undefined;
  /** When Redis has lost what the log in Kafka knows: stop until somebody has rebuilt it, or rebuild it. */
  onMemoryLoss: 'stop' | 'rebuild';
  logLevel: string;
  /** Where a worker process answers /healthz and /readyz; unset: nowhere. */
  healthPort: number | undefined;
  /** A message that nobody heard of for so long (ms) is sent once more, where its job says so. */
  resendAfterMs: number;
  /** The first wait of a delivery that failed, ms; later ones are multiples of it. */
  webhookRetryMs: number;
  /** A receiver of webhooks has so long to answer, ms. */
  webhookTimeoutMs: number;
  /** An endpoint that takes nothing for so long is disabled, ms. */
  webhookDisableAfterMs: number;
  /** Recipients that may wait, of one workspace and in all. */
  backlogWorkspaceMax: number;
  backlogTotalMax: number;
  /** Where files wait for their upload, and how many bytes of them. */
  mediaFolder: string;
  mediaMaxBytes: number;
  /** Turns that one dispatch process holds at once. */
  dispatchLanes: number;
  /** Platform calls that one dispatch process has in flight at once. */
  dispatchCalls: number;
}

/** All that is wrong with the configuration, a line each: `PORT: must be …`. */
export class ConfigProblems extends Error {
  readonly problems: string[];
  constructor(problems: string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** Reads the environment. Throws `ConfigProblems`. An empty variable counts as unset. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success)
    throw new ConfigProblems(
      parsed.error.issues.map((issue) => `${String(issue.path[0])}: ${issue.message}`),
    );
  const value = parsed.data;
  return {
    redisUrl: value.REDIS_URL,
    kafkaBrokers: value.KAFKA_BROKERS,
    host: value.HOST,
    port: value.PORT,
    portShared: value.PORT_SHARED === 'true',
    accountsFile: value.SLUICE_ACCOUNTS,
    stagingHosts: value.STAGING_HOSTS ?? [],
    secrets: value.SLUICE_SECRET ?? [secretOfThisMachine()],
    namespace: value.SLUICE_NAMESPACE,
    adminKey: value.SLUICE_ADMIN_KEY,
    onMemoryLoss: value.SLUICE_ON_MEMORY_LOSS,
    logLevel: value.LOG_LEVEL,
    healthPort: value.HEALTH_PORT,
    resendAfterMs: value.RESEND_AFTER,
    webhookRetryMs: value.WEBHOOK_RETRY,
    webhookTimeoutMs: value.WEBHOOK_TIMEOUT,
    webhookDisableAfterMs: value.WEBHOOK_DISABLE_AFTER,
    backlogWorkspaceMax: value.BACKLOG_WORKSPACE_MAX,
    backlogTotalMax: value.BACKLOG_TOTAL_MAX,
    mediaFolder: value.MEDIA_FOLDER,
    mediaMaxBytes: value.MEDIA_MAX_BYTES,
    dispatchLanes: value.DISPATCH_LANES,
    dispatchCalls: value.DISPATCH_CALLS,
  };
}

/** The secret kept beside the checkout, made once. `wx` lets two processes that start together agree on one. */
function secretOfThisMachine(): string {
  if (!existsSync(SECRET_FILE)) {
    mkdirSync('.sluice', { recursive: true });
    try {
      writeFileSync(SECRET_FILE, randomBytes(SECRET_MIN_BYTES).toString('base64'), {
        mode: 0o600,
        flag: 'wx',
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return readFileSync(SECRET_FILE, 'utf8').trim();
}
