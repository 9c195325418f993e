// A latency as the control API takes it: one number of milliseconds, or a range.
import type { Latency } from '../settings.ts';
import { type Check, either, InputError, integer, needed, shape } from './input.ts';

const MAX_DELAY_MS = 3_600_000;

const latencyRange: Check<Latency> = (value, path) => {
  const read = shape({ min: integer(0, MAX_DELAY_MS), max: integer(0, MAX_DELAY_MS) })(value, path);
  const min = needed(read.min, `${path}.min`);
  const max = needed(read.max, `${path}.max`);
  if (min > max) throw new InputError(`${path}.max`, 'must not be below min');
  return { min, max };
};
const latencyFixed: Check<Latency> = (value, path) => {
  const fixed = integer(0, MAX_DELAY_MS)(value, path);
  return { min: fixed, max: fixed };
};
export const latency = either(latencyFixed, latencyRange, 'must be milliseconds, or {"min","max"}');
