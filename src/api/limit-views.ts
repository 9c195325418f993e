// Limits of an account as clients see and change them.
import type { NamedLimit } from '../contract/limit.ts';
import { durationText } from '../contract/time.ts';
import { invalidBody } from './json-body.ts';

export const limitViews = (limits: readonly NamedLimit[]) =>
  limits.map(({ name, count, per, pace }) => ({ name, count, per: durationText(per), pace }));

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
