// What a failure that came by webhook says of more than its message: the same table as for answers, since Meta's errors come either way.
import type { Aftermath } from '../port.ts';
import { ruleOf } from './codes.ts';

/** Undefined when it speaks of the message alone, or of a rate: by now that is over. */
export function aftermathOf(code: string): Aftermath | undefined {
  const rule = ruleOf(/^\d{1,9}$/.test(code) ? Number(code) : Number.NaN);
  if (rule?.outcome !== 'later' || (rule.class !== 'stop' && rule.class !== 'auth')) return undefined;
  const { moves, atLeastMs } = rule;
  if (moves === 'item' || moves === 'pair' || moves === 'recipient') return undefined;
  return { moves, holdMs: atLeastMs };
}
