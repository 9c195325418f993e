// What may be told to the sandbox: the fields of every control call, their ranges, and what they become.
// A PUT changes the fields it names; null takes a field back to its default.
import { FAULT_KINDS, type FaultRule } from '../faults.ts';
import type { NumberRules, TemplateRule, WindowRule } from '../phone-number.ts';
import type { Settings } from '../settings.ts';
import {
  type Check,
  either,
  flag,
  fraction,
  InputError,
  integer,
  list,
  needed,
  oneOf,
  orNull,
  shape,
  text,
} from './input.ts';
import { latency } from './latency.ts';
import { waIds } from './wa-ids.ts';
import { webhookRules } from './webhooks.ts';

const HOUR_MS = 3_600_000;
const MONTH_MS = 31 * 24 * HOUR_MS;
const MAX_COUNT = 1_000_000_000;
const MAX_DELAY_MS = HOUR_MS;
const MAX_ID_CHARS = 64;
const MAX_CODE = 9_999_999;

const rate = either(
  integer(1, MAX_COUNT),
  oneOf('unlimited'),
  'must be a whole number from 1, or "unlimited"',
);
/** 0 means the default, as absent does. */
const throughput = either(
  integer(0, MAX_COUNT),
  oneOf('unlimited'),
  'must be a whole number, or "unlimited"',
);

const windowRule: Check<WindowRule> = (value, path) => {
  const read = shape({ count: integer(1, MAX_COUNT), per_ms: integer(1, MONTH_MS) })(value, path);
  return { count: needed(read.count, `${path}.count`), per_ms: needed(read.per_ms, `${path}.per_ms`) };
};

const templateRule: Check<TemplateRule> = (value, path) => {
  const read = shape({
    name: text(512),
    language: text(32),
    params: integer(0, 100),
    status: oneOf('APPROVED', 'PAUSED', 'DISABLED'),
  })(value, path);
  const rule: TemplateRule = {
    name: needed(read.name, `${path}.name`),
    language: needed(read.language, `${path}.language`),
    params: needed(read.params, `${path}.params`),
  };
  if (read.status !== undefined) rule.status = read.status;
  return rule;
};

const numberShape = shape({
  throughput: orNull(throughput),
  windows: orNull(list(windowRule, 8)),
  portfolio: orNull(text(MAX_ID_CHARS)),
  token: orNull(text(1024)),
  registered: orNull(flag),
  latency_ms: orNull(latency),
  throttle_status: orNull(oneOf(400, 429)),
  retry_after_s: orNull(integer(0, 86_400)),
  enforce: orNull(flag),
  templates: orNull(list(templateRule, 1000)),
  webhook: orNull(webhookRules),
  wa_ids: orNull(waIds),
});

export function readNumberRules(value: unknown, now: NumberRules): NumberRules {
  const change = numberShape(value, '');
  const pick = <T>(next: T | null | undefined, current: T | undefined): T | undefined =>
    next === undefined ? current : (next ?? undefined);
  const rules: NumberRules = {
    windows: pick(change.windows, now.windows) ?? [],
    registered: pick(change.registered, now.registered) ?? true,
    throttle_status: pick(change.throttle_status, now.throttle_status) ?? 400,
    enforce: pick(change.enforce, now.enforce) ?? true,
  };
  const optional = {
    throughput: pick(change.throughput === 0 ? null : change.throughput, now.throughput),
    portfolio: pick(change.portfolio, now.portfolio),
    token: pick(change.token, now.token),
    latency_ms: pick(change.latency_ms, now.latency_ms),
    retry_after_s: pick(change.retry_after_s, now.retry_after_s),
    templates: pick<readonly TemplateRule[]>(change.templates, now.templates),
    webhook: pick(change.webhook, now.webhook),
    wa_ids: pick(change.wa_ids, now.wa_ids),
  };
  return Object.assign(rules, withoutAbsent(optional));
}

export function readPortfolioLimit(value: unknown): number | 'unlimited' {
  const change = shape({ limit: rate })(value, '');
  return needed(change.limit, 'limit');
}

export function readFault(value: unknown): FaultRule {
  const read = shape({
    number: text(MAX_ID_CHARS),
    kind: oneOf(...FAULT_KINDS),
    rate: fraction(),
    count: integer(1, MAX_COUNT),
    after: integer(0, MAX_COUNT),
    delay_ms: integer(0, MAX_DELAY_MS),
    code: integer(0, MAX_CODE),
    status: integer(200, 599),
    seed: integer(0, 4_294_967_295),
  })(value, '');
  const kind = needed(read.kind, 'kind');
  if (kind === 'slow') needed(read.delay_ms, 'delay_ms');
  if (kind === 'error') needed(read.code, 'code');
  else if (read.code !== undefined) throw new InputError('code', 'only goes with kind "error"');
  else if (read.status !== undefined) throw new InputError('status', 'only goes with kind "error"');
  return { ...read, kind };
}

/** The settings after the change, and the clock's new offset when one is named. */
export function readSettings(
  value: unknown,
  now: Settings,
): { settings: Settings; offsetMs: number | undefined } {
  const { clock_offset_ms: offsetMs, ...change } = shape({
    strict: flag,
    default_latency_ms: latency,
    default_throughput: rate,
    clock_offset_ms: integer(0, 10 * 365 * 24 * HOUR_MS),
  })(value, '');
  return { settings: { ...now, ...change }, offsetMs };
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function withoutAbsent<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}
