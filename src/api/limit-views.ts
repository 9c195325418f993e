// Limits of an account as clients see and change them.
import type { NamedLimit } from '../contract/limit.ts';
import { durationText, isoTime } from '../contract/time.ts';
import { type LimitUse, nextFreeUs, usedOf } from '../pacing/use.ts';
import { invalidBody } from './json-body.ts';

export const limitViews = (limits: readonly NamedLimit[]) =>
  limits.map(({ name, count, per, pace }) => ({ name, count, per: durationText(per), pace }));

/** A limit as it is used now. `cap`: what the platform allows for now, where that is less; `next_free` null: when a call under way ends. */
export function useView(use: LimitUse, nowUs: number) {
  const { limit, count } = use;
  const used = usedOf(use, nowUs);
  const nextUs = nextFreeUs(use, nowUs);
  const { name, scope, kind } = limit;
  const per = kind === 'concurrency' ? null : durationText(limit.perMs);
  // One call per person: how many are waiting out their time, and nobody else is bound.
  if (kind === 'pair')
    return { name, scope, kind, count: 1, per, used, free: null, next_free: null, cap: null };
  return {
    name,
    scope,
    kind,
    count: limit.count,
    per,
    used,
    free: Math.max(0, Math.floor(count) - used),
    next_free: nextUs === undefined ? null : isoTime(Math.ceil(nextUs / 1_000)),
    cap: count < limit.count ? Math.floor(count) : null,
  };
}

/**
 * Throws `invalid_request` when a name stands twice, or a limit would keep its name with another period: what was counted for the old
 * period says nothing about the new one.
 */
export function checkPeriods(before: readonly NamedLimit[], after: readonly NamedLimit[]): void {
  const details = after.flatMap(({ name, per }, i) => {
    if (after.findIndex((other) => other.name === name) !== i)
      return [{ path: `limits[${i}].name`, code: 'repeated', message: 'must be unique' }];
    const old = before.find((other) => other.name === name);
    if (!old || old.per === per) return [];
    const message = `must stay ${durationText(old.per)}: a limit of another period needs another name`;
    return [{ path: `limits[${i}].per`, code: 'period_fixed', message }];
  });
  if (details.length > 0) throw invalidBody(details);
}
