// What a failure that came by webhook says of more than its message: the same table as for answers, since Meta's errors come either way.
import type { Aftermath } from '../port.ts';
import { type CodeClass, ruleOf } from './codes.ts';

const LASTING: ReadonlySet<CodeClass> = new Set<CodeClass>(['stop', 'auth', 'user']);

/** The person stopped marketing from this business at the platform itself. */
export const isOptOut = (code: string): boolean => code === '131050';

/** Undefined when it speaks of the message alone, or of a rate: by now that is over. */
export function aftermathOf(code: string): Aftermath | undefined {
  const rule = ruleOf(/^\d{1,9}$/.test(code) ? Number(code) : Number.NaN);
  if (rule?.outcome !== 'later' || !LASTING.has(rule.class)) return undefined;
  const { moves, atLeastMs } = rule;
  if (moves === 'item' || moves === 'pair') return undefined;
  return { moves, holdMs: atLeastMs };
}
